import { expect, test } from 'vitest';
import { exampleNow, pluginNamed, statusOfPlugins } from './fixtures/fake-target.ts';
import { healthWordOf, summarise } from './health.ts';
import type { ChangeRecord } from '../status.ts';
import { formatUptime, healthBody, historyBody, listBody, pluginBody, statusBody } from './status-body.ts';

const geo = pluginNamed('ratelimit-geo');
const trust = pluginNamed('zerotrust');

/** Compared as text: names, values and the order of the fields are all part of the contract. */
const text = (value: unknown) => JSON.stringify(value, undefined, 2);

test('status is the published example, field by field', () => {
  const two = statusBody(statusOfPlugins([geo, trust]), exampleNow);
  expect(text(two)).toBe(
    text({
      plugin_system: {
        enabled: true,
        total_plugins: 2,
        active_plugins: 2,
        plugin_dir: '/etc/hockeypuck/plugins',
        active_requests: 0,
        plugin_states: { 'ratelimit-geo': 'active', zerotrust: 'active' },
      },
      health_status: { healthy_count: 2, unhealthy_count: 0, total_count: 2, overall_status: 'healthy' },
      uptime: '2h15m30s',
      timestamp: 1751731600,
    }),
  );
});

test('list is the published example, field by field', () => {
  expect(text(listBody(statusOfPlugins([geo]), exampleNow))).toBe(
    text({
      plugins: [
        {
          name: 'ratelimit-geo',
          status: 'active',
          health: { status: 'healthy', state: 'active', last_check: 1751731600, checks: { active_requests: 0 } },
        },
      ],
      total_count: 1,
      timestamp: 1751731600,
    }),
  );
});

test('a full list also says versions, generations, isolation levels with what they lack, and usage', () => {
  const { version, generation, isolation } = geo;
  expect(listBody(statusOfPlugins([geo]), exampleNow, true)).toMatchObject({
    plugins: [{ name: 'ratelimit-geo', version, generation, isolation, missing_layers: [], usage: null }],
  });
});

test('health is the published example, field by field', () => {
  expect(text(healthBody(statusOfPlugins([geo]), exampleNow))).toBe(
    text({
      overall_status: 'healthy',
      plugins: {
        'ratelimit-geo': {
          status: 'healthy',
          state: 'active',
          last_check: 1751731600,
          checks: { active_requests: 0 },
        },
      },
      timestamp: 1751731600,
    }),
  );
});

test('one plugin shows every field an operator may ask for, and null for what is not known', () => {
  const body = pluginBody(pluginNamed('ratelimit-geo', { breaker: 'half-open' }), exampleNow);
  expect(Object.keys(body).slice(0, 17)).toEqual([
    'name',
    'state',
    'reason',
    'version',
    'generation',
    'load_time',
    'last_reload',
    'reload_count',
    'dependencies',
    'dependents',
    'handlers',
    'tasks',
    'resources',
    'isolation',
    'missing_layers',
    'breaker',
    'snapshots',
  ]);
  expect(body).toMatchObject({ load_time: 1751731540, last_reload: null, breaker: 'half-open' });
  expect(body['snapshots']).toEqual([
    {
      generation: 2,
      version: '1.1.0',
      digest: 'sha256:bb',
      taken_at: 1751731600,
      operation: 'swap',
      operation_id: 'swap-1',
      actor: 'ada',
      reason: 'reload',
      has_state: true,
    },
  ]);
  expect(body['saved_state']).toBeNull();
});

test('one plugin shows since when its state is safe, and why the newest is not', () => {
  const problem = { code: 'STATE_NOT_SAVED', message: 'the disk is full' };
  const savedState = { savedAt: exampleNow, schemaVersion: 2, sizeBytes: 100, problem };
  expect(pluginBody(pluginNamed('counter', { savedState }), exampleNow)['saved_state']).toEqual({
    saved_at: 1751731600,
    schema_version: 2,
    size_bytes: 100,
    problem,
  });
});

test('a history begins with the newest change, and says who, what, why and the outcome', () => {
  const change: ChangeRecord = {
    operationId: 'load-1',
    operation: 'load',
    from: undefined,
    to: 1,
    fromVersion: undefined,
    toVersion: '1.0.0',
    actor: 'ada',
    reason: 'first',
    outcome: 'swapped',
    code: undefined,
    at: exampleNow,
    durationMs: 3,
  };
  const refused = { ...change, operationId: 'swap-2', outcome: 'kept', code: 'PLUGIN_UNHEALTHY' } as const;
  const body = historyBody({ plugin: 'a', changes: [change, refused], snapshots: [] }, exampleNow);
  expect(body).toMatchObject({ plugin: 'a', snapshots: [], timestamp: 1751731600 });
  expect(body['changes']).toEqual([
    expect.objectContaining({ operation_id: 'swap-2', outcome: 'kept', code: 'PLUGIN_UNHEALTHY' }),
    {
      at: 1751731600,
      operation: 'load',
      operation_id: 'load-1',
      from: null,
      to: 1,
      from_version: null,
      to_version: '1.0.0',
      actor: 'ada',
      reason: 'first',
      outcome: 'swapped',
      code: null,
      duration_ms: 3,
    },
  ]);
});

test('disabled plugins count in the total, not as active and not in the health', () => {
  const body = statusBody(statusOfPlugins([geo, pluginNamed('off', { state: 'disabled' })]), exampleNow);
  expect(body['plugin_system']).toMatchObject({ total_plugins: 2, active_plugins: 1 });
  expect(body['health_status']).toMatchObject({ healthy_count: 1, total_count: 1, overall_status: 'healthy' });
});

test('some failed is degraded, all failed is unhealthy, none at all is healthy', () => {
  const failed = pluginNamed('bad', { state: 'failed' });
  expect(summarise([geo, failed]).overall_status).toBe('degraded');
  expect(summarise([failed]).overall_status).toBe('unhealthy');
  expect(summarise([]).overall_status).toBe('healthy');
  expect(summarise([failed, pluginNamed('off', { state: 'disabled' })]).overall_status).toBe('unhealthy');
});

test('a plugin never checked is unknown, and healthy while its old generation serves through a reload', () => {
  const unchecked = { status: 'unknown', reason: undefined, checkedAt: 0 } as const;
  expect(healthWordOf(pluginNamed('new', { state: 'loading', health: unchecked }))).toBe('unknown');
  expect(healthWordOf(pluginNamed('new', { state: 'reloading', health: unchecked }))).toBe('healthy');
  const body = listBody(statusOfPlugins([pluginNamed('new', { health: unchecked })]), exampleNow);
  expect(text(body)).toContain('"last_check": 0');
});

test('a switched-off plugin system shows empty lists', () => {
  const off = statusOfPlugins([geo], { enabled: false });
  expect(statusBody(off, exampleNow)['plugin_system']).toMatchObject({ enabled: false, total_plugins: 0 });
  expect(listBody(off, exampleNow)).toMatchObject({ plugins: [], total_count: 0 });
  expect(healthBody(off, exampleNow)).toMatchObject({ overall_status: 'healthy', plugins: {} });
});

test('what the operator must know is in the status', () => {
  const body = statusBody(statusOfPlugins([geo], { notices: ['unsigned plugins are allowed'] }), exampleNow);
  expect(body['notices']).toEqual(['unsigned plugins are allowed']);
});

test.each([
  [0, '0s'],
  [59_999, '59s'],
  [60_000, '1m0s'],
  [8_130_000, '2h15m30s'],
  [360_000_000, '100h0m0s'],
])('an uptime of %i ms reads %s', (milliseconds, words) => {
  expect(formatUptime(milliseconds)).toBe(words);
});
