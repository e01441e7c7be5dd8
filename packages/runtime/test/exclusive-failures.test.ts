import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run, type RunningRuntime, temporaryFolder, until, write } from './running-runtime.ts';
import type { SwapReport } from '../src/swap/swap-report.ts';

/** One version of the counter, in parts that a fault may take the place of. */
interface Version {
  /** Statements of the module, before the plugin. */
  readonly module?: string;
  readonly version?: number;
  readonly migrations?: string;
  /** Statements of `start`, before its routes. */
  readonly start?: string;
  readonly exportState?: string;
  /** Further members of what `start` gives back. */
  readonly members?: string;
}

interface FaultCase {
  readonly step: string;
  readonly fault: string;
  readonly old?: Version;
  readonly next?: Version;
  readonly drive?: (host: RunningRuntime) => Promise<unknown>;
  readonly outcome: 'kept' | 'swapped';
  readonly code?: string;
  /** The old generation never stopped; else a new one of the old code serves. */
  readonly isSame?: boolean;
}

const doubled = `{ 2: { up: (old) => ({ count: old.count * 2 }), down: (state) => ({ count: state.count / 2 }) } }`;

function counter(label: string, { module = '', version = 1, ...parts }: Version): string {
  const { migrations = '{}', start = '', exportState = '() => ({ count })', members = '' } = parts;
  return `${module}
export default {
  swap: 'exclusive',
  state: { version: ${version}, migrations: ${migrations} },
  start(ctx, state) {
    let count = state?.count ?? 0;
    setInterval(() => {}, 60_000);
    process.on('SIGHUP', () => {});
    ${start}
    ctx.http.post('/count', () => { count += ${version}; return new Response('${label}'); });
    ctx.http.get('/count', () => Response.json(count / ${version}));
    return { exportState: ${exportState}, ${members} };
  },
};`;
}

const manifest = (version: string): string =>
  JSON.stringify({
    name: 'counter',
    version,
    type: 'module',
    main: './index.js',
    engines: { hotswap: '^1.0.0' },
    hotswap: {},
  });

const rows: readonly FaultCase[] = [
  {
    step: 'evaluate',
    fault: 'throws',
    next: { module: `throw new Error('no');` },
    outcome: 'kept',
    code: 'PLUGIN_START_FAILED',
    isSame: true,
  },
  {
    step: 'evaluate',
    fault: 'hangs',
    next: { module: `await new Promise(() => {});` },
    outcome: 'kept',
    code: 'PLUGIN_PHASE_TIMED_OUT',
    isSame: true,
  },
  {
    step: 'rehearse',
    fault: 'no way up',
    next: { version: 3, migrations: doubled },
    outcome: 'kept',
    code: 'STATE_VERSION_UNREACHABLE',
    isSame: true,
  },
  {
    step: 'rehearse',
    fault: 'the migration up throws',
    next: { version: 2, migrations: `{ 2: { up() { throw new Error('no'); } } }` },
    outcome: 'kept',
    code: 'STATE_MIGRATION_FAILED',
    isSame: true,
  },
  {
    step: 'rehearse',
    fault: 'the migration down throws',
    next: { version: 2, migrations: `{ 2: { up: (old) => old, down() { throw new Error('no'); } } }` },
    outcome: 'kept',
    code: 'STATE_MIGRATION_FAILED',
    isSame: true,
  },
  {
    step: 'rehearse',
    fault: 'the round trip changes the state',
    next: { version: 2, migrations: `{ 2: { up: (old) => old, down: () => ({ count: 0 }) } }` },
    outcome: 'kept',
    code: 'STATE_ROUND_TRIP_FAILED',
    isSame: true,
  },
  {
    step: 'rehearse',
    fault: 'the export throws',
    old: { exportState: `() => { throw new Error('no'); }` },
    next: { version: 2, migrations: doubled },
    outcome: 'kept',
    code: 'STATE_EXPORT_FAILED',
    isSame: true,
  },
  {
    step: 'rehearse',
    fault: 'the export hangs',
    old: { exportState: `() => new Promise(() => {})` },
    next: { version: 2, migrations: doubled },
    outcome: 'kept',
    code: 'PLUGIN_PHASE_TIMED_OUT',
    isSame: true,
  },
  {
    step: 'park',
    fault: 'a request takes too long',
    old: { start: `ctx.http.get('/slow', () => new Promise(() => {}));` },
    drive: (host) => Promise.resolve(void host.get('/slow')),
    outcome: 'kept',
    code: 'HAND_OVER_TIMED_OUT',
    isSame: true,
  },
  {
    step: 'export',
    fault: 'throws',
    old: { exportState: `() => { throw new Error('no'); }` },
    outcome: 'kept',
    code: 'STATE_EXPORT_FAILED',
    isSame: true,
  },
  {
    step: 'export',
    fault: 'hangs',
    old: { exportState: `() => new Promise(() => {})` },
    outcome: 'kept',
    code: 'HAND_OVER_TIMED_OUT',
    isSame: true,
  },
  {
    step: 'export',
    fault: 'cannot be encoded',
    old: { exportState: `() => ({ count, f() {} })` },
    outcome: 'kept',
    code: 'STATE_NOT_CLONEABLE',
    isSame: true,
  },
  { step: 'stop', fault: 'throws', old: { members: `stop() { throw new Error('no'); }` }, outcome: 'swapped' },
  {
    step: 'stop',
    fault: 'hangs',
    old: { members: `stop: () => new Promise(() => {})` },
    outcome: 'kept',
    code: 'HAND_OVER_TIMED_OUT',
  },
  {
    step: 'start',
    fault: 'throws',
    next: { start: `throw new Error('no');` },
    outcome: 'kept',
    code: 'PLUGIN_START_FAILED',
  },
  {
    step: 'start',
    fault: 'hangs',
    next: { start: `return new Promise(() => {});` },
    outcome: 'kept',
    code: 'HAND_OVER_TIMED_OUT',
  },
  {
    step: 'start',
    fault: 'ends the process',
    next: { start: `process.exit(1);` },
    outcome: 'kept',
    code: 'PLUGIN_EXIT_REFUSED',
  },
  {
    step: 'start',
    fault: 'throws at the real state only',
    next: { version: 2, migrations: doubled, start: `if (state.count > 0) throw new Error('no');` },
    outcome: 'kept',
    code: 'PLUGIN_START_FAILED',
  },
  {
    step: 'warm-up',
    fault: 'is unhealthy',
    next: { members: `health: () => 'unhealthy'` },
    outcome: 'kept',
    code: 'PLUGIN_UNHEALTHY',
  },
  {
    step: 'warm-up',
    fault: 'hangs',
    next: { members: `health: () => new Promise(() => {})` },
    outcome: 'kept',
    code: 'HAND_OVER_TIMED_OUT',
  },
  {
    step: 'route',
    fault: 'another plugin has the path',
    next: { start: `ctx.http.get('/taken', () => {});` },
    outcome: 'kept',
    code: 'ROUTE_CONFLICT',
  },
  { step: 'none', fault: 'none at all', next: { version: 2, migrations: doubled }, outcome: 'swapped' },
];

/** A thread of its own takes a while to start on a busy machine. */
const limits = {
  basic: { loadTimeoutMs: 150, parkTimeoutMs: 150, shutdownTimeoutMs: 300 },
  strict: { loadTimeoutMs: 1_000, parkTimeoutMs: 1_000, shutdownTimeoutMs: 1_000 },
};

/** Clients that count what was acknowledged, until they are told to stop. */
function clients(host: RunningRuntime, howMany: number) {
  let acknowledged = 0;
  const over = new AbortController();
  const failures: string[] = [];
  const client = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const [status, text] = await host.get('/count', { method: 'POST' });
      if (status === 200) acknowledged++;
      else failures.push(`${status} ${text}`);
      await new Promise(setImmediate);
    }
  };
  const running = Promise.all(Array.from({ length: howMany }, client));
  return {
    end: async () => {
      over.abort();
      await running;
      return { acknowledged, failures };
    },
  };
}

async function swapUnderLoad(
  { old = {}, next = {}, drive, isolation }: FaultCase & { readonly isolation: 'basic' | 'strict' },
  look: (host: RunningRuntime, report: SwapReport, told: { acknowledged: number; failures: string[] }) => Promise<void>,
): Promise<void> {
  await using folder = await temporaryFolder();
  await write(folder.path, {
    'old/package.json': manifest('1.0.0'),
    'old/index.js': counter('old', old),
    'other.js': `export default { start(ctx) { ctx.http.get('/taken', () => new Response('other')); } };`,
    'next/package.json': manifest('2.0.0'),
    'next/index.js': counter('next', next),
  });
  await using host = await run({
    isolation,
    limits: { ...limits[isolation], drainTimeoutMs: 200 },
  });
  await host.runtime.load(join(folder.path, 'other.js'));
  expect((await host.runtime.load(join(folder.path, 'old'))).reason).toBeUndefined();
  const load = clients(host, 4);
  await host.get('/count', { method: 'POST' });
  await drive?.(host);
  const report = await host.runtime.swap('counter', join(folder.path, 'next'));
  await until(() => host.status('counter').gate === undefined, 'nobody waits any more');
  const told = await load.end();
  await look(host, report, { ...told, acknowledged: told.acknowledged + 1 });
}

/** What only a thread of its own survives. */
const crashes: readonly FaultCase[] = [
  {
    step: 'evaluate',
    fault: 'crashes',
    next: { module: `process.reallyExit(1);` },
    outcome: 'kept',
    code: 'ISOLATE_EXITED',
    isSame: true,
  },
  {
    step: 'rehearse',
    fault: 'the migration never ends',
    next: { version: 2, migrations: `{ 2: { up() { for (;;); } } }` },
    outcome: 'kept',
    isSame: true,
  },
  {
    step: 'rehearse',
    fault: 'the migration crashes',
    next: { version: 2, migrations: `{ 2: { up() { process.reallyExit(1); } } }` },
    outcome: 'kept',
    code: 'ISOLATE_EXITED',
    isSame: true,
  },
  {
    step: 'stop',
    fault: 'the old one crashes',
    old: { members: `stop() { process.reallyExit(1); }` },
    outcome: 'swapped',
  },
  {
    step: 'start',
    fault: 'crashes',
    next: { start: `process.reallyExit(1);` },
    outcome: 'kept',
    code: 'ISOLATE_EXITED',
  },
  { step: 'start', fault: 'never ends', next: { start: `for (;;);` }, outcome: 'kept' },
  {
    step: 'warm-up',
    fault: 'crashes',
    next: { members: `health() { process.reallyExit(1); }` },
    outcome: 'kept',
    code: 'PLUGIN_UNHEALTHY',
  },
];

describe.each([
  ...rows.map((row) => ({ ...row, isolation: 'basic' as const })),
  ...[...rows, ...crashes].map((row) => ({ ...row, isolation: 'strict' as const })),
])('at $isolation, $step: $fault', (row) => {
  it(`${row.outcome}, and every acknowledged write is there`, async () => {
    await swapUnderLoad(row, async (host, report, { acknowledged, failures }) => {
      expect(report).toMatchObject({
        outcome: row.outcome,
        ...(row.code === undefined ? {} : { reason: { code: row.code } }),
      });
      if (row.code !== undefined) expect(report.steps.find(({ error }) => error)).toMatchObject({ name: row.step });
      expect(failures).toEqual([]);
      const [status, text] = await host.get('/count');
      expect([status, Number(text)]).toEqual([200, acknowledged]);
      const generation = host.status('counter').generation;
      if (row.isSame === true) expect(generation).toBe(1);
      else expect(generation).toBeGreaterThan(1);
      expect(host.status('counter')).toMatchObject({
        state: 'active',
        version: row.outcome === 'kept' ? '1.0.0' : '2.0.0',
      });
      await until(() => host.status('counter').generations.length === 1, 'one generation is left');
      expect(host.status('counter').resources).toMatchObject({ interval: 1, 'process listener': 1 });
    });
  });
});

it('is brought up by recovery, with its state, when neither the new version nor the old one comes up at once', async () => {
  const failsOnce = `if (state && !globalThis.hotswapTestRevived) {
    globalThis.hotswapTestRevived = true;
    throw new Error('the port is not free yet');
  }`;
  await using folder = await temporaryFolder();
  const recovery = { backoff: { strategy: 'fixed', from: '10ms', to: '10ms' } };
  const withRecovery = (version: string): string =>
    JSON.stringify({ ...JSON.parse(manifest(version)), hotswap: { recovery } });
  await write(folder.path, {
    'old/package.json': withRecovery('1.0.0'),
    'old/index.js': counter('old', { start: failsOnce }),
    'next/package.json': withRecovery('2.0.0'),
    'next/index.js': counter('next', { start: `throw new Error('never');` }),
  });
  await using host = await run();
  await host.runtime.load(join(folder.path, 'old'));
  await host.get('/count', { method: 'POST' });
  const report = await host.runtime.swap('counter', join(folder.path, 'next'));
  expect(report).toMatchObject({ outcome: 'failed', reason: { code: 'PLUGIN_START_FAILED' } });
  expect(report.steps.filter(({ error }) => error).map(({ name }) => name)).toEqual(['start', 'start', 'revive']);
  await until(() => host.status('counter').state === 'active', 'recovery has brought it up');
  expect(await host.get('/count')).toEqual([200, '1']);
  expect(host.status('counter')).toMatchObject({ version: '1.0.0' });
  Reflect.deleteProperty(globalThis, 'hotswapTestRevived');
});
