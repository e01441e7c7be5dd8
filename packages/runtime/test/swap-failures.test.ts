import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  answering,
  inMemory,
  pluginFiles,
  run,
  type RunningRuntime,
  temporaryFolder,
  until,
  write,
} from './running-runtime.ts';

interface Candidate {
  readonly start?: string;
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** Files that replace or add to the usual ones. */
  readonly files?: Readonly<Record<string, string>>;
}

interface FaultCase {
  readonly step: string;
  readonly fault: string;
  /** The body of the old generation's `start`, after its route. */
  readonly old?: string;
  readonly next?: Candidate;
  /** What is there beside the plugin. */
  readonly prepare?: (host: RunningRuntime) => Promise<unknown>;
  /** What happens after the swap, such as traffic. */
  readonly drive?: (host: RunningRuntime) => Promise<unknown>;
  readonly outcome: 'kept' | 'swapped';
  readonly code?: string;
  readonly serves: 'old' | 'new';
  /** A code that operators find in the log. */
  readonly logged?: string;
}

/** What every generation holds beside its fault; all of it must be gone in the end. */
const belongings = `
  setInterval(() => {}, 60_000);
  process.on('SIGHUP', () => {});
  ctx.events.on('any', () => {});
  ctx.tasks.every('1h', 'idle', () => {});`;
const oldStart = `ctx.http.get('/app', () => new Response('old')); ctx.http.get('/slow', () => new Promise(() => {}));`;
const answersNew = `ctx.http.get('/app', () => new Response('new'));`;

const ask = async (host: RunningRuntime, times: number): Promise<void> => {
  for (let time = 0; time < times; time++) await host.get('/app');
};
const rolledBack = (host: RunningRuntime) =>
  until(() => host.status('app').generation === 1, 'the old generation serves again');

const refusedRows: readonly Omit<FaultCase, 'outcome' | 'serves'>[] = [
  { step: 'load', fault: 'syntax error', next: { start: 'let let = ;' }, code: 'BUILD_FAILED' },
  {
    step: 'load',
    fault: 'exports nothing',
    next: { manifest: {}, files: { 'app/index.js': '' } },
    code: 'PLUGIN_EXPORT_MISSING',
  },
  {
    step: 'load',
    fault: 'missing main',
    next: { files: { 'app/package.json': manifestOf('app').replace('index', 'nowhere') } },
    code: 'MANIFEST_INVALID',
  },
  {
    step: 'load',
    fault: 'manifest is no JSON',
    next: { files: { 'app/package.json': '{' } },
    code: 'MANIFEST_INVALID',
  },
  {
    step: 'check',
    fault: 'another name',
    next: { files: { 'app/package.json': manifestOf('other') } },
    code: 'PLUGIN_NAME_MISMATCH',
  },
  {
    step: 'check',
    fault: 'config rejected',
    next: { manifest: { config: { type: 'object', required: ['key'], properties: { key: { type: 'string' } } } } },
    code: 'CONFIG_REJECTED',
  },
  {
    step: 'check',
    fault: 'dependency missing',
    next: { manifest: { dependencies: { nobody: '^1.0.0' } } },
    code: 'DEPENDENCY_INACTIVE',
  },
  {
    step: 'check',
    fault: 'dependency too old',
    next: { manifest: { dependencies: { base: '^2.0.0' } } },
    prepare: (host) => host.runtime.load(answering('base', 'base')),
    code: 'DEPENDENCY_UNSATISFIED',
  },
  {
    step: 'check',
    fault: 'a dependent needs the old version',
    next: { manifest: { version: '2.0.0' } },
    prepare: (host) => host.runtime.load(answering('needs', 'needs', { dependencies: { app: '^1.0.0' } })),
    code: 'DEPENDENTS_UNSATISFIED',
  },
  {
    step: 'evaluate',
    fault: 'says it has state, without swap mode exclusive',
    next: { manifest: { stateVersion: 2 } },
    code: 'STATE_NEEDS_EXCLUSIVE',
  },
  {
    step: 'start',
    fault: 'exports state, without swap mode exclusive',
    next: { start: `return { exportState: () => 1 }` },
    code: 'STATE_NEEDS_EXCLUSIVE',
  },
  { step: 'start', fault: 'throws', next: { start: `throw new Error('no')` }, code: 'PLUGIN_START_FAILED' },
  {
    step: 'start',
    fault: 'rejects',
    next: { start: `return Promise.reject(new Error('no'))` },
    code: 'PLUGIN_START_FAILED',
  },
  {
    step: 'start',
    fault: 'throws while it is evaluated',
    next: { files: { 'app/index.js': `throw new Error('no')` } },
    code: 'PLUGIN_START_FAILED',
  },
  { step: 'start', fault: 'hangs', next: { start: `return new Promise(() => {})` }, code: 'PLUGIN_PHASE_TIMED_OUT' },
  { step: 'start', fault: 'ends the process', next: { start: `process.exit(1)` }, code: 'PLUGIN_EXIT_REFUSED' },
  {
    step: 'start',
    fault: 'a path that is none',
    next: { start: `ctx.http.get('nowhere', () => {})` },
    code: 'ROUTE_INVALID',
  },
  {
    step: 'warm-up',
    fault: 'unhealthy',
    next: { start: `return { health: () => 'unhealthy' }` },
    code: 'PLUGIN_UNHEALTHY',
  },
  {
    step: 'warm-up',
    fault: 'throws',
    next: { start: `return { health() { throw new Error('no') } }` },
    code: 'PLUGIN_UNHEALTHY',
  },
  {
    step: 'warm-up',
    fault: 'hangs',
    next: { start: `return { health: () => new Promise(() => {}) }` },
    code: 'PLUGIN_PHASE_TIMED_OUT',
  },
  {
    step: 'warm-up',
    fault: 'healthy at first only',
    next: {
      start: `let n = 0; return { health: () => (n++ < 2 ? 'healthy' : 'unhealthy') }`,
      manifest: { health: { warmUp: 3 } },
    },
    code: 'PLUGIN_UNHEALTHY',
  },
  {
    step: 'publish',
    fault: 'route taken',
    next: { start: `ctx.http.get('/base', () => new Response('mine'))` },
    prepare: (host) => host.runtime.load(answering('base', 'base')),
    code: 'ROUTE_CONFLICT',
  },
  {
    step: 'publish',
    fault: 'service taken',
    next: { start: `ctx.provide({ name: 'geo', methods: {} }, {})` },
    prepare: (host) =>
      host.runtime.load(inMemory('base', { start: (ctx) => ctx.provide({ name: 'geo', methods: {} }, {}) })),
    code: 'SERVICE_CONFLICT',
  },
];
const beforePublish = refusedRows.map((row): FaultCase => ({ ...row, outcome: 'kept', serves: 'old' }));

const afterPublish: readonly FaultCase[] = [
  {
    step: 'drain',
    fault: 'a request that never ends and ignores its signal',
    prepare: async (host) => void host.get('/slow'),
    outcome: 'swapped',
    serves: 'new',
  },
  {
    step: 'watch',
    fault: 'throws at every request',
    next: { start: `ctx.http.get('/app', () => { throw new Error('no') })` },
    drive: async (host) => (await ask(host, 8), await rolledBack(host)),
    outcome: 'swapped',
    serves: 'old',
  },
  {
    step: 'watch',
    fault: 'answers 500',
    next: { start: `ctx.http.get('/app', () => new Response('', { status: 500 }))` },
    drive: async (host) => (await ask(host, 8), await rolledBack(host)),
    outcome: 'swapped',
    serves: 'old',
  },
  {
    step: 'watch',
    fault: 'requests hang',
    next: { start: `ctx.http.get('/app', () => new Promise(() => {}))` },
    drive: async (host) => (
      await Promise.all(Array.from({ length: 8 }, () => host.get('/app'))),
      await rolledBack(host)
    ),
    outcome: 'swapped',
    serves: 'old',
  },
  {
    step: 'watch',
    fault: 'a timer throws',
    next: { start: `${answersNew} setTimeout(() => { throw new Error('no') }, 20)` },
    drive: rolledBack,
    outcome: 'swapped',
    serves: 'old',
    logged: 'plugin failed in a timeout',
  },
  {
    step: 'watch',
    fault: 'health turns bad',
    next: { start: `${answersNew} let n = 0; return { health: () => (n++ === 0 ? 'healthy' : 'unhealthy') }` },
    drive: rolledBack,
    outcome: 'swapped',
    serves: 'old',
  },
  {
    step: 'watch',
    fault: 'health hangs',
    next: {
      start: `${answersNew} let n = 0; return { health: () => (n++ === 0 ? 'healthy' : new Promise(() => {})) }`,
    },
    drive: rolledBack,
    outcome: 'swapped',
    serves: 'old',
  },
  {
    step: 'watch',
    fault: 'much slower than before',
    next: {
      start: `ctx.http.get('/app', async () => { await new Promise((done) => setTimeout(done, 25)); return new Response('new') })`,
    },
    prepare: (host) => ask(host, 10),
    drive: async (host) => (await ask(host, 10), await rolledBack(host)),
    outcome: 'swapped',
    serves: 'old',
  },
  {
    step: 'stop',
    fault: 'the old generation throws while it stops',
    old: `return { stop() { throw new Error('no') } }`,
    outcome: 'swapped',
    serves: 'new',
    logged: 'PLUGIN_STOP_FAILED',
  },
  {
    step: 'stop',
    fault: 'the old generation never ends stopping',
    old: `return { stop: () => new Promise(() => {}) }`,
    outcome: 'swapped',
    serves: 'new',
    logged: 'PLUGIN_PHASE_TIMED_OUT',
  },
  {
    step: 'stop',
    fault: 'what the old generation deferred throws',
    old: `ctx.defer('socket', () => { throw new Error('no') })`,
    outcome: 'swapped',
    serves: 'new',
    logged: 'PLUGIN_STOP_FAILED',
  },
];

function manifestOf(name: string, { version = '1.0.0', ...hotswap }: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ name, version, type: 'module', main: './index.js', engines: { hotswap: '^1.0.0' }, hotswap });
}

const limits = {
  loadTimeoutMs: 400,
  drainTimeoutMs: 60,
  shutdownTimeoutMs: 60,
  callTimeoutMs: 150,
  probationMs: 6_000,
  probeMs: 30,
};
const watchRules = { minRequests: 5, minLatencyRequests: 10, latencyFloorMs: 10 };

describe.each([...beforePublish, ...afterPublish])('$step: $fault', (row) => {
  it(`${row.outcome}, and ${row.serves} serves; nothing is left over`, async () => {
    await using folder = await temporaryFolder();
    const { start = answersNew, manifest, files } = row.next ?? {};
    const [one, two] = [join(folder.path, 'one'), join(folder.path, 'two')];
    await write(one, pluginFiles('app', `${belongings} ${oldStart} ${row.old ?? ''}`));
    await write(two, { ...pluginFiles('app', `${belongings} ${start}`, manifest), ...files });
    const listeners = process.listenerCount('SIGHUP');
    const isWatched = row.step === 'watch';
    {
      await using host = await run({
        limits: { ...limits, probationMs: isWatched ? limits.probationMs : 0 },
        watchRules,
      });
      expect((await host.runtime.load(join(one, 'app'))).reason).toBeUndefined();
      await row.prepare?.(host);

      const report = await host.runtime.swap('app', join(two, 'app'));
      expect(report.outcome).toBe(row.outcome);
      expect(report.reason?.code).toBe(row.code);
      if (row.code !== undefined) expect(report.steps.at(-1)).toMatchObject({ error: { code: row.code } });
      if (row.step === 'drain') expect(report.cancelled).toBe(1);
      await row.drive?.(host);

      expect(await host.get('/app')).toEqual([200, row.serves]);
      expect(host.status('app').state).toBe('active');
      await until(() => host.status('app').generations.length === 1, 'only one generation is alive');
      expect(host.status('app').resources).toEqual({ interval: 1, 'process listener': 1 });
      expect(process.listenerCount('SIGHUP')).toBe(listeners + 1);
      const text = JSON.stringify(host.lines);
      if (row.logged !== undefined) expect(text).toContain(row.logged);
      expect(host.status('app').counts.rollbacks).toBe(row.step === 'watch' ? 1 : 0);
      expect(host.status('app').activeRequests).toBe(0);
    }
    expect(process.listenerCount('SIGHUP')).toBe(listeners);
    expect(process.getActiveResourcesInfo().filter((kind) => kind === 'ChildProcess')).toEqual([]);
  });
});
