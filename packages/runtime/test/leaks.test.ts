import { EventEmitter } from 'node:events';
import { readdir } from 'node:fs/promises';
import type { Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { extensionPoint } from '@hotswap/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRuntime } from '@hotswap/runtime';
import { composeRuntime, type RuntimeCore } from '../src/compose-runtime.ts';
import { type LeakReport, searchLeaks } from '../src/diagnosis/leak-search.ts';
import { resolveSettings } from '../src/runtime-options.ts';
import { createRecordingLog, pluginFiles, temporaryFolder, write } from './running-runtime.ts';

/** What leaks at level `basic`, each by a way around the ledger. `held` is kept by whoever the plugin gives it to. */
const leaky = {
  interval: `function tick() { return ctx.name; }
    process.getBuiltinModule('node:timers').setInterval(tick, 60_000);`,
  timeout: `function late() { return ctx.name; }
    process.getBuiltinModule('node:timers').setTimeout(late, 60_000_000);`,
  global: `function keep() { return ctx.name; }
    (globalThis.leakedByTest ??= []).push(keep);`,
  context: `(globalThis.contextsOfTest ??= new Map()).set({}, ctx); globalThis.contextsOfTest.set(ctx.generation, ctx);`,
  signal: `function heard() { return ctx.name; }
    process.getBuiltinModule('node:process').on('SIGWINCH', heard);`,
  emitter: `ctx.extensions.handle('bus', (bus) => { bus.on('data', function onData() { return ctx.name; }); });`,
  deadline: `function late() { return ctx.name; }
    AbortSignal.timeout(60_000_000).addEventListener('abort', late);`,
  server: `function connected() { return ctx.name; }
    const server = process.getBuiltinModule('node:net').createServer(connected);
    server.listen(0, '127.0.0.1');
    globalThis.serversOfTest.push(new WeakRef(server));`,
  promise: `ctx.extensions.handle('wait', (never) => { (async function waiting() { await never; ctx.log.info('now'); })(); });`,
  shared: `const own = { name: () => ctx.name };
    ctx.extensions.handle('share', (keep) => keep(own));`,
};
type Leaky = keyof typeof leaky;

const keeper = `const kept = [];
  ctx.extensions.handle('keeper', () => (thing) => kept.push(thing));
  setInterval(() => kept.length, 60_000);`;

const clean = `const seen = [];
  setInterval(() => seen.length, 60_000);
  process.on('SIGHUP', () => seen.length);
  const ending = AbortSignal.any([ctx.signal, AbortSignal.timeout(60_000_000)]);
  ending.addEventListener('abort', () => seen.length);
  ctx.tasks.every('1h', 'idle', () => seen.length);
  ctx.events.on('any', () => seen.length);
  ctx.methods.handle('see', async ({ data }) => { await null; return seen.push(data); });`;

/** What is begun while the module is evaluated, before there is a context. */
const topLevel = `import { setTimeout as wait } from 'node:timers/promises';
  import { setInterval as every } from 'node:timers';
  const seen = [];
  setInterval(() => seen.length, 60_000);
  every(() => seen.length, 60_000);
  process.on('SIGHUP', () => seen.length);
  wait(60_000_000).catch(() => seen.length);
  export default { start() { void (async () => { await wait(60_000_000).catch(() => seen.length); })(); } };`;

declare global {
  var serversOfTest: WeakRef<Server>[] | undefined;
}

let core: RuntimeCore;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let report: LeakReport;
const bus = new EventEmitter();
const never = new Promise<never>(() => {});

/** Calls the extension of the newest generation. */
async function ask(point: string, input: unknown): Promise<unknown> {
  const points = core.services.extensions.extend({ [point]: extensionPoint<unknown, unknown>() });
  const [answer] = (await points[point]?.run(input)) ?? [];
  return answer !== undefined && 'value' in answer ? answer.value : undefined;
}

async function hand(name: Leaky): Promise<void> {
  if (name === 'emitter') await ask('bus', bus);
  if (name === 'promise') await ask('wait', never);
  if (name === 'shared') await ask('share', await ask('keeper', undefined));
}

beforeAll(async () => {
  globalThis.serversOfTest = [];
  folder = await temporaryFolder();
  const plugins = { keeper, clean, ...leaky };
  for (const [name, start] of Object.entries(plugins)) await write(folder.path, pluginFiles(name, start));
  const options = { log: createRecordingLog(), environment: {}, limits: { probationMs: 0, maxSnapshots: 3 } };
  await write(folder.path, pluginFiles('threaded', leaky.global, { isolation: 'strict' }));
  await write(folder.path, { ...pluginFiles('top-level', ''), 'top-level/index.js': topLevel });
  core = composeRuntime(resolveSettings(options), options);
  for (const name of Object.keys(plugins)) await core.verbs.load(join(folder.path, name));
  for (const name of Object.keys(leaky) as Leaky[]) {
    await hand(name);
    await core.verbs.reload(name);
  }
  for (let time = 0; time < 50; time++) {
    await core.methods.bind('clean', 'see')(time);
    await core.verbs.reload('clean');
  }
  for (const name of ['threaded', 'top-level']) {
    await core.verbs.load(join(folder.path, name));
    for (let time = 0; time < 2; time++) await core.verbs.reload(name);
  }
  const { census } = core;
  const { signal } = new AbortController();
  report = await searchLeaks({ census, suspects: census.lingering, signal, onProgress: () => {} });
}, 60_000);

afterAll(async () => {
  for (const server of globalThis.serversOfTest ?? []) server.deref()?.close();
  process.removeAllListeners('SIGWINCH');
  Reflect.deleteProperty(globalThis, 'leakedByTest');
  Reflect.deleteProperty(globalThis, 'contextsOfTest');
  await core.verbs.remove('threaded');
  await core.isolates.close();
  await core.loader.close();
  await folder[Symbol.asyncDispose]();
});

function reasonsOf(plugin: string) {
  return report.leaked.filter((one) => one.plugin === plugin).flatMap(({ reasons }) => reasons);
}

function textOf(plugin: Leaky | 'clean' | 'keeper'): readonly string[] {
  return reasonsOf(plugin).map(({ text }) => text.replace(folder.path, ''));
}

describe('a generation that has ended and is still in memory is told with what keeps it', () => {
  it('a timer that did not come through its own globals', () => {
    expect(textOf('interval')).toEqual(['timer (setInterval) that calls tick at /interval/index.js:1']);
    expect(textOf('timeout')).toEqual(['timer (setTimeout) that calls late at /timeout/index.js:1']);
  });

  it('a global variable', () => {
    expect(textOf('global')).toEqual(['global globalThis.leakedByTest keeping keep at /global/index.js:1']);
    expect(textOf('context')).toEqual(['global globalThis.contextsOfTest']);
  });

  it('a listener on the process or on an emitter of the host', () => {
    expect(textOf('signal')).toEqual(["listener for 'SIGWINCH' on process that is heard at /signal/index.js:1"]);
    expect(textOf('emitter')).toEqual(["listener for 'data' on EventEmitter that is onData at /emitter/index.js:1"]);
  });

  it('a listener on a signal that will be aborted by time', () => {
    expect(textOf('deadline')).toEqual(['listener on AbortSignal that is late at /deadline/index.js:1']);
  });

  it('a server that still listens, with its native handle', () => {
    expect(textOf('server')).toEqual(["listener for 'connection' on Server that is connected at /server/index.js:1"]);
    expect(reasonsOf('server')[0]?.heldBy).toEqual(['native handle TCP']);
  });

  // What counts the places that were reached holds every closure, and so is named first.
  it.skipIf(process.env['NODE_V8_COVERAGE'] !== undefined)('a promise that never settles', () => {
    expect(textOf('promise')).toEqual(['pending promise awaited by waiting at /promise/index.js:1']);
  });

  it('a variable of another plugin', () => {
    expect(textOf('shared')).toEqual([
      'variable kept of plugin keeper (generation 1) keeping a function at /shared/index.js:1',
    ]);
  });

  it('once for each generation, with its number and version', () => {
    const found = report.leaked.map(({ plugin, generation, version }) => [plugin, generation, version]);
    expect(found).toEqual(Object.keys(leaky).map((name) => [name, 1, '1.0.0']));
  });
});

it('has nothing to say of a plugin that was reloaded fifty times and let go of everything', () => {
  expect(core.roster.get('clean').current?.number).toBe(51);
  expect(textOf('clean')).toEqual([]);
});

it('has nothing to say of what a module began while it was evaluated', () => {
  expect(core.roster.get('top-level').current?.number).toBe(3);
  expect(reasonsOf('top-level')).toEqual([]);
});

it('has nothing to say of a plugin at strict: its memory went with its thread', () => {
  const { current } = core.roster.get('threaded');
  expect([current?.number, current?.isolate.level]).toEqual([3, 'strict']);
  expect(reasonsOf('threaded')).toEqual([]);
});

it('leaves no snapshot behind and says what the search has cost', async () => {
  expect(report.snapshotBytes).toBeGreaterThan(1_000_000);
  expect(report.blockedMs).toBeGreaterThan(0);
  expect((await readdir(tmpdir())).filter((name) => name.startsWith(`hotswap-heap-${process.pid}-`))).toEqual([]);
});

it('gives a search up when the runtime closes', async () => {
  await using runtime = createRuntime({ log: createRecordingLog(), guardProcess: false, environment: {} });
  const search = runtime.diagnose({ leaks: true });
  await runtime.close();
  await expect(search).rejects.toMatchObject({ code: 'DIAGNOSIS_FAILED' });
});
