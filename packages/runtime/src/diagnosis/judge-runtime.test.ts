import { expect, it } from 'vitest';
import { pluginNamed, statusOfPlugins } from '../management/fixtures/fake-target.ts';
import type { PluginStatus } from '../status.ts';
import { judgeRuntime, type RuntimeFacts } from './judge-runtime.ts';

const now = 1_800_000_000_000;

function judge(plugin: Partial<PluginStatus>, facts: Partial<RuntimeFacts> = {}) {
  const status = statusOfPlugins([pluginNamed('greeter', plugin)]);
  return judgeRuntime({ status, stuck: [], lingering: [], leaks: undefined, now, ...facts });
}

function found(...args: Parameters<typeof judge>): readonly string[] {
  return judge(...args)
    .filter(({ level }) => level !== 'ok')
    .map(({ id, level, message }) => `${id} ${level}: ${message}`);
}

const lingering = (count: number, ageMs: number) =>
  Array.from({ length: count }, (_, generation) => ({
    plugin: 'greeter',
    generation,
    version: '1.0.0',
    endedAt: now - ageMs,
  }));

it('has nothing against a healthy plugin', () => {
  expect(found({})).toEqual([]);
});

it('a failed or quarantined plugin is a problem with its reason', () => {
  const reason = { code: 'PLUGIN_START_FAILED', message: 'it threw' };
  expect(found({ state: 'failed', reason })).toEqual(['plugin-state problem: greeter has failed: it threw']);
  const recovery = {
    policy: 'closed',
    attempts: 5,
    nextAttemptAt: undefined,
    quarantined: true,
    operationId: undefined,
  };
  expect(found({ state: 'failed', reason, recovery } as Partial<PluginStatus>)[0]).toContain('is quarantined');
});

it('what works but not as it should is a warning', () => {
  expect(found({ missingLayers: ['cgroup'], isolation: 'sandbox' })[0]).toContain('without cgroup');
  expect(found({ missingLayers: ['CPU limit'], isolation: 'basic' })).toEqual([]);
  expect(found({ breaker: 'open' })[0]).toContain('gets no calls');
  expect(found({ health: { status: 'unhealthy', reason: 'no disk', checkedAt: now } })[0]).toContain('no disk');
});

it('what the operator was told at the start is told again', () => {
  const status = statusOfPlugins([], { notices: ['plugins.security.allowUnsigned is true'] });
  expect(found({}, { status })).toEqual(['notice warning: plugins.security.allowUnsigned is true']);
});

it('a thread that cannot be ended is a problem', () => {
  const stuck = [{ plugin: 'greeter', generation: 4, since: now, reason: 'its loop stood still' }];
  expect(found({}, { stuck })[0]).toContain('the thread of greeter, generation 4, cannot be ended');
});

it('generations that ended wait for the collector; many and for long is worth a search', () => {
  expect(found({}, { lingering: lingering(3, 3_600_000) })).toEqual([]);
  expect(found({}, { lingering: lingering(30, 1_000) })).toEqual([]);
  expect(found({}, { lingering: lingering(30, 3_600_000) })[0]).toContain('30 of them for over ten minutes');
});

it('says that the memory of a plugin in a thread goes with it', () => {
  const check = judge({ isolation: 'strict' }).find(({ id }) => id === 'separate-memory');
  expect(check?.message).toContain('the memory of greeter goes with its thread or process');
});

it('many leaked generations of one plugin are one line', () => {
  const reason = { kind: 'timer' as const, text: 'timer (setInterval)', code: undefined, heldBy: [] };
  const leaked = lingering(8, 1_000).map((one) => ({ ...one, reasons: [reason] }));
  const leaks = { leaked, suspects: 8, snapshotBytes: 1, blockedMs: 1, walkMs: 1, objects: 1 };
  expect(found({}, { leaks })).toEqual([
    'leaked-generations problem: generations 0, 1, 2, 3, 4 and 3 more of greeter cannot be collected: kept by timer (setInterval)',
  ]);
});
