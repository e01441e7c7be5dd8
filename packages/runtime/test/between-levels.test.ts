import { join } from 'node:path';
import { createRuntime } from '@hotswap/runtime';
import { defineService, method, type ServiceState } from '@hotswap/sdk';
import { describeServices } from '@hotswap/test-kit';
import { describe, expect, it } from 'vitest';
import { createRecordingLog, pluginFiles, run, temporaryFolder, until, write } from './running-runtime.ts';
import { describeSandbox, sandboxHost } from './sandbox-host.ts';

const { allowMissing } = sandboxHost;

const pairs = [
  ['basic', 'strict'],
  ['strict', 'basic'],
  ['none', 'strict'],
  ['strict', 'none'],
  ['none', 'basic'],
  ['basic', 'none'],
] as const;

const confinedPairs = [
  ['none', 'sandbox'],
  ['sandbox', 'none'],
  ['basic', 'sandbox'],
  ['sandbox', 'basic'],
  ['strict', 'sandbox'],
  ['sandbox', 'strict'],
] as const;

type Pair = (typeof pairs | typeof confinedPairs)[number];

function describePair([provider, consumer]: Pair): void {
  const isCopied = ![provider, consumer].every((level) => level === 'none' || level === 'basic');
  describeServices({ provider, consumer, isCopied }, (options) =>
    createRuntime({ ...options, allowMissing, isolation: consumer, log: createRecordingLog(), guardProcess: false }),
  );
}

pairs.forEach(describePair);
describeSandbox('with confined processes', () => confinedPairs.forEach(describePair));

interface Answer {
  readonly version: string;
}

const desk = defineService('desk', {
  answer: method<{ n: number }, Answer>(),
  crash: method<void, void>(),
  wait: method<void, void>(),
});

const methods = '{ answer: {}, crash: {}, wait: {} }';

/** A provider that says its version; `begun` before it answers. */
const provider = `
  ctx.provide({ name: 'desk', methods: ${methods} }, {
    answer: async () => { await ctx.clock.sleep(2); return { version: ctx.version }; },
    crash: () => { const end = Date.now() + 100; while (Date.now() < end); process.reallyExit(3); },
    wait: (_, { signal }) => new Promise((_, reject) =>
      signal.addEventListener('abort', () => { ctx.events.emit('aborted', signal.reason.message); reject(signal.reason); })),
  });`;

const consumer = `
  const desk = ctx.use({ name: 'desk', methods: ${methods} });
  ctx.methods.handle('ask', ({ data }) => desk.answer({ n: data }));
  ctx.methods.handle('crash', async () => { try { await desk.crash(); } catch (error) { return error.code; } });
  ctx.methods.handle('wait', ({ signal }) => desk.wait(undefined, { signal }));`;

/** Provider and consumer, each at its level. */
async function host(levels: { readonly provider: string; readonly consumer: string }) {
  const folder = await temporaryFolder();
  const place = (name: string, start: string, version: string, isolation: string, callTimeout = '3s') =>
    write(join(folder.path, version), pluginFiles(name, start, { version, isolation, limits: { callTimeout } }));
  for (const version of ['1.0.0', '2.0.0', '3.0.0']) await place('desk', provider, version, levels.provider);
  await place('user', consumer, '1.0.0', levels.consumer);
  const running = await run({ allowMissing, limits: { callTimeoutMs: 3_000, spares: 1 } });
  for (const name of ['desk', 'user']) {
    expect((await running.runtime.load(join(folder.path, '1.0.0', name))).reason).toBeUndefined();
  }
  return Object.assign(running, {
    desk: (version: string) => join(folder.path, version, 'desk'),
    ask: async (n: number): Promise<string> => ((await running.runtime.invoke('user', 'ask', n)) as Answer).version,
    [Symbol.asyncDispose]: async () => {
      await running.runtime.close();
      await folder[Symbol.asyncDispose]();
    },
  });
}

describe.each(pairs.slice(0, 4).concat([['strict', 'strict'] as never]))('from %s to %s', describeCrossing);
describeSandbox('over a process boundary', () => {
  describe.each(confinedPairs)('from %s to %s', describeCrossing);
});

function describeCrossing(from: string, to: string): void {
  const levels = { provider: from, consumer: to };

  it('a swap of the provider under 100 calls loses none', async () => {
    await using running = await host(levels);
    const asked = Array.from({ length: 100 }, (_, n) => running.ask(n));
    const swapping = running.runtime.swap('desk', running.desk('2.0.0'));
    const more = Array.from({ length: 100 }, (_, n) => running.ask(n));
    expect((await swapping).outcome).toBe('swapped');
    const versions = await Promise.all([...asked, ...more, running.ask(1)]);
    expect(new Set(versions).isSubsetOf(new Set(['1.0.0', '2.0.0']))).toBe(true);
    expect(versions.at(-1)).toBe('2.0.0');
  });

  it('a promotion of the provider under calls loses none', async () => {
    await using running = await host(levels);
    const target = from === 'strict' ? 'basic' : 'strict';
    const done = new AbortController();
    const versions: string[] = [];
    const asking = (async () => {
      while (!done.signal.aborted) versions.push(...(await Promise.all([running.ask(1), running.ask(2)])));
    })();
    expect(await running.runtime.promote('desk', target)).toMatchObject({ outcome: 'swapped', to: 2 });
    done.abort();
    await asking;
    expect(await running.ask(3)).toBe('1.0.0');
    expect(new Set(versions)).toEqual(new Set(['1.0.0']));
    expect(running.status('desk')).toMatchObject({ isolation: target });
  });

  it('events come in the order in which they were emitted', async () => {
    await using running = await host(levels);
    const folder = running.desk('1.0.0');
    const [emitter, listener] = [join(folder, '..', '..', 'emitter'), join(folder, '..', '..', 'listener')];
    await write(emitter, pluginFiles('emitter', emits, { isolation: from }));
    await write(listener, pluginFiles('listener', listens, { isolation: to }));
    await running.runtime.load(join(emitter, 'emitter'));
    await running.runtime.load(join(listener, 'listener'));
    await running.runtime.invoke('emitter', 'emit', 50);
    const expected = Array.from({ length: 50 }, (_, n) => [n, 'emitter']);
    await expect.poll(() => running.runtime.invoke('listener', 'heard')).toEqual(expected);
    // The host's own go the same way.
    await running.runtime.emit('count', 50);
    await expect.poll(() => running.runtime.invoke('listener', 'heard')).toEqual([...expected, [50, 'host']]);
  });
}

const emits = `ctx.methods.handle('emit', async ({ data }) => { for (let n = 0; n < data; n++) ctx.events.emit('count', n); });`;
const listens = `
  const heard = [];
  ctx.events.on('count', async ({ payload, source }) => {
    await ctx.clock.sleep(payload % 3);
    heard.push([payload, source]);
  });
  ctx.methods.handle('heard', () => heard);`;

describe.each(['basic', 'strict'])('the host and a provider at %s', (level) => {
  it('share errors, aborts and a watch', async () => {
    await using running = await host({ provider: level, consumer: 'basic' });
    const seen: ServiceState[] = [];
    const stop = running.runtime.watch(desk, (state) => {
      seen.push(state);
      if (seen.length === 1) throw new Error('a listener that fails');
    });
    await until(() => seen.length === 1, 'the watch was told how it stands');
    const ending = new AbortController();
    const waiting = running.runtime.use(desk).wait(undefined, { signal: ending.signal });
    await running.runtime.use(desk).answer({ n: 1 });
    ending.abort(new Error('the host changed its mind'));
    await expect(waiting).rejects.toThrow('the host changed its mind');
    await running.runtime.swap('desk', running.desk('2.0.0'));
    await running.runtime.unload('desk');
    await until(() => seen.length === 3, 'the watch heard of the swap and the end');
    stop();
    await running.runtime.load(running.desk('3.0.0'));
    await running.runtime.use(desk).answer({ n: 1 });
    expect(seen.map(({ state, generation }) => [state, generation])).toEqual([
      ['provided', 1],
      ['replaced', 2],
      ['withdrawn', 2],
    ]);
    expect(running.lines.map(({ message }) => message)).toContain('a watch of the host failed');
  });
});

it('a watch of a generation that is never published is told nothing', async () => {
  await using running = await host({ provider: 'basic', consumer: 'basic' });
  const folder = join(running.desk('1.0.0'), '..', '..', 'watchers');
  const watches = `
    ctx.watch({ name: 'desk', methods: {} }, ({ state }) => ctx.events.emit('told', ctx.version + ' ' + state));
    return { health: () => ctx.version === '2.0.0' ? 'unhealthy' : 'healthy' };`;
  const hears = `const told = []; ctx.events.on('told', ({ payload }) => void told.push(payload));
    ctx.methods.handle('told', () => told);`;
  await write(folder, pluginFiles('hearing', hears));
  for (const version of ['1.0.0', '2.0.0', '3.0.0'])
    await write(join(folder, version), pluginFiles('watching', watches, { version, isolation: 'strict' }));
  await running.runtime.load(join(folder, 'hearing'));
  await running.runtime.load(join(folder, '1.0.0', 'watching'));
  expect((await running.runtime.swap('watching', join(folder, '2.0.0', 'watching'))).outcome).toBe('kept');
  expect((await running.runtime.swap('watching', join(folder, '3.0.0', 'watching'))).outcome).toBe('swapped');
  await expect.poll(() => running.runtime.invoke('hearing', 'told')).toEqual(['1.0.0 provided', '3.0.0 provided']);
});

describe('the crash of a provider at strict', () => {
  it.each(['basic', 'strict'])(
    'is told to callers whose call had begun, others wait for the next generation: consumer at %s',
    async (level) => {
      await using running = await host({ provider: 'strict', consumer: level });
      const begun = running.runtime.invoke('user', 'crash');
      // Behind that one in the thread: the provider never begins them.
      const unbegun = [running.ask(1), running.ask(2)];
      expect(await begun).toBe('ISOLATE_EXITED');
      await until(() => running.status('desk').state === 'failed', 'the crash was noticed');
      const late = running.ask(3);
      await running.runtime.swap('desk', running.desk('2.0.0'));
      expect(await Promise.all([...unbegun, late])).toEqual(['2.0.0', '2.0.0', '2.0.0']);
    },
  );
});

describe.each(['basic', 'strict'])('tasks at %s', (level) => {
  it('go on after a swap, and never run in two generations', async () => {
    await using running = await host({ provider: 'basic', consumer: 'basic' });
    const folder = join(running.desk('1.0.0'), '..', '..', 'tasks');
    const ticking = `ctx.tasks.every(5, 'tick', async () => {
      ctx.events.emit('begun', ctx.generation); await ctx.clock.sleep(3); ctx.events.emit('ended', ctx.generation); });`;
    const hearing = `const runs = []; const hear = (event) =>
        ctx.events.on(event, ({ name, payload }) => void runs.push([name, payload]));
      hear('begun'); hear('ended');
      ctx.methods.handle('runs', () => runs);`;
    await write(folder, {
      ...pluginFiles('ticking', ticking, { isolation: level }),
      ...pluginFiles('hearing', hearing),
    });
    await running.runtime.load(join(folder, 'hearing'));
    await running.runtime.load(join(folder, 'ticking'));
    const runs = async () => (await running.runtime.invoke('hearing', 'runs')) as [string, number][];
    const ranIn = async (generation: number) => (await runs()).some(([, number]) => number === generation);
    await until(() => ranIn(1), 'the first generation ran its task');
    for (const generation of [2, 3]) {
      await running.runtime.reload('ticking');
      await until(() => ranIn(generation), `generation ${generation} ran its task`);
    }
    const begun = (await runs()).filter(([name]) => name === 'begun').map(([, generation]) => generation);
    expect(begun).toEqual(begun.toSorted((one, other) => one - other));
  });
});

it('a callback of a thread that ended is gone', async () => {
  await using running = await host({ provider: 'basic', consumer: 'basic' });
  const folder = join(running.desk('1.0.0'), '..', '..', 'callbacks');
  const keeps = `let kept; ctx.provide({ name: 'keeper', methods: {} }, { keep: ({ fn }) => void (kept = fn) });
    ctx.methods.handle('call', async () => { try { return await kept(1); } catch (error) { return error.code; } });`;
  const gives = `const keeper = ctx.use({ name: 'keeper', methods: { keep: {} } });
    ctx.methods.handle('give', () => keeper.keep({ fn: ctx.callback((n) => n === 1 ? 'called' : n) }));
    ctx.methods.handle('die', () => process.reallyExit(3));`;
  await write(folder, {
    ...pluginFiles('keeping', keeps, { isolation: 'strict' }),
    ...pluginFiles('giving', gives, { isolation: 'strict' }),
  });
  for (const name of ['keeping', 'giving']) await running.runtime.load(join(folder, name));
  await running.runtime.invoke('giving', 'give');
  expect(await running.runtime.invoke('keeping', 'call')).toBe('called');
  await expect(running.runtime.invoke('giving', 'die')).rejects.toMatchObject({ code: 'ISOLATE_EXITED' });
  await expect.poll(() => running.runtime.invoke('keeping', 'call')).toBe('CALLBACK_GONE');
});

it.each(['basic', 'strict'])('a callback never runs in a generation whose state was taken: at %s', async (level) => {
  await using running = await host({ provider: 'basic', consumer: 'basic' });
  const folder = join(running.desk('1.0.0'), '..', '..', 'exclusive');
  const keeps = `let kept; ctx.provide({ name: 'keeper', methods: {} }, { keep: ({ fn }) => void (kept = fn) });
    ctx.methods.handle('call', async () => { try { return await kept(1); } catch (error) { return error.code; } });`;
  const counts = `let count = 0;
    const keeper = ctx.use({ name: 'keeper', methods: { keep: {} } });
    ctx.methods.handle('give', () => keeper.keep({ fn: ctx.callback((n) => count += n) }));
    return { exportState: async () => { const now = count; await ctx.clock.sleep(100); return { now }; } };`;
  await write(folder, {
    ...pluginFiles('keeping', keeps),
    ...pluginFiles('counting', counts, { isolation: level, stateVersion: 1, swap: 'exclusive' }),
  });
  for (const name of ['keeping', 'counting'])
    expect((await running.runtime.load(join(folder, name))).reason).toBeUndefined();
  await running.runtime.invoke('counting', 'give');
  expect(await running.runtime.invoke('keeping', 'call')).toBe(1);
  const reloading = running.runtime.reload('counting');
  await until(() => running.status('counting').gate === 'parked', 'the plugin is parked');
  const late = running.runtime.invoke('keeping', 'call');
  expect((await reloading).reason).toBeUndefined();
  expect(await late).toBe('CALLBACK_GONE');
});
