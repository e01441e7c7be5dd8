import { expect, test } from 'vitest';
import type { PluginDetails, SystemStatus, UsageAnswer } from '../../client/management-answers.ts';
import { plainStyle } from '../../output/style.ts';
import { list } from './list.ts';
import { status } from './status.ts';

const now = 1_000_000_000;
const secondsAgo = (seconds: number) => now / 1_000 - seconds;
const paper = { style: plainStyle, now };

function factsOf(details: PluginDetails | SystemStatus): Readonly<Record<string, string>> {
  const lines = status.print(details, paper).split('\n');
  return Object.fromEntries(lines.map((line) => line.split(/ {2,}/) as [string, string]));
}

test('a plugin that has failed shows why, and nothing that it has not', () => {
  const reason = { code: 'PLUGIN_START_FAILED', message: 'its start threw' };
  expect(factsOf({ name: 'geo', state: 'failed', reason, version: null, generation: null })).toEqual({
    plugin: 'geo',
    state: 'failed',
    reason: 'its start threw (PLUGIN_START_FAILED)',
  });
});

test('a plugin that was swapped shows the generations beside the one that serves, and its ways back', () => {
  const facts = factsOf({
    name: 'geo',
    state: 'active',
    version: '2.0.0',
    generation: 4,
    generations: [
      { number: 3, version: '1.0.0', state: 'standby' },
      { number: 4, version: '2.0.0', state: 'active' },
    ],
    load_time: secondsAgo(3_600),
    last_reload: secondsAgo(60),
    reload_count: 3,
    resources: { timers: 2, routes: 1 },
    isolation: 'basic',
    missing_layers: ['permissions'],
    health: { status: 'unhealthy', state: 'active', last_check: secondsAgo(5), checks: { active_requests: 7 } },
    snapshots: [{ generation: 3, version: '1.0.0', reason: 'swap' }],
  });
  expect(facts).toMatchObject({
    'also alive': 'generation 3 (1.0.0, standby)',
    isolation: 'basic without permissions',
    requests: '7',
    resources: '2 timers, 1 routes',
    'ways back': 'generation 3 (1.0.0)',
  });
  expect(facts['reloaded']).toBe('3 times, last 1m 0s ago');
  expect(facts['health']).toBe('unhealthy, checked 5 s ago');
});

test('a plugin with WebSocket routes shows its connections, or that it can have none', () => {
  const chat = { name: 'chat', state: 'active' as const };
  expect(factsOf({ ...chat, websocket: 'available', connections: 3 })['websocket']).toBe('3 connections');
  expect(factsOf({ ...chat, websocket: 'unavailable', connections: 0 })['websocket']).toContain('unavailable');
  expect(factsOf({ ...chat, websocket: null, connections: 0 })['websocket']).toBeUndefined();
});

test('a plugin that is being healed shows its breaker, what was tried and when it goes on', () => {
  const recovery = { policy: 'closed', attempts: 2, next_attempt: now / 1_000 + 4, quarantined: false };
  const facts = factsOf({
    name: 'geo',
    state: 'failed',
    breaker: 'open',
    recovery: { ...recovery, operation_id: 'recovery-1' },
  });
  expect(facts['breaker']).toContain('open: too many calls failed');
  expect(facts['recovery']).toBe(
    '2 restarts, the next in 4 s, meanwhile failure policy closed, operation_id recovery-1 in the log',
  );
  const given = { ...recovery, next_attempt: null, quarantined: true, operation_id: null };
  expect(factsOf({ name: 'geo', state: 'failed', recovery: given })['recovery']).toBe(
    'given up; repair it, then hotswap plugin restart geo',
  );
});

test('the server says when plugins are switched off, and what an operator must know', () => {
  const system = { enabled: false, total_plugins: 2, active_plugins: 0, plugin_dir: 'plugins', active_requests: 0 };
  const text = status.print(
    { plugin_system: system, health_status: { overall_status: 'healthy' }, uptime: '5 s', notices: ['no token'] },
    paper,
  );
  expect(text).toMatch(/^plugins +0 of 2 active$/m);
  expect(text).toMatch(/^enabled +no: plugins are switched off in the config$/m);
  expect(text).toMatch(/^notice: no token$/m);
});

test('the list says what to do when it is empty', () => {
  expect(list.print({ plugins: [], total_count: 0 }, paper)).toContain('hotswap plugin load');
});

test('the list colours states and health by who should look at them, and has a dash for what nobody knows', () => {
  const mark = (word: string) => (text: string) => `${word}(${text})`;
  const style = { ...plainStyle, good: mark('good'), bad: mark('bad'), caution: mark('caution'), dim: mark('dim') };
  const row = (
    name: string,
    state: 'active' | 'failed' | 'disabled' | 'loading',
    health: 'healthy' | 'unhealthy' | 'unknown',
  ) => ({
    name,
    status: state,
    health: { status: health, state, last_check: 0, checks: { active_requests: 0 } },
  });
  const plugins = [
    row('a', 'active', 'healthy'),
    row('b', 'failed', 'unhealthy'),
    row('c', 'disabled', 'unknown'),
    row('d', 'loading', 'unknown'),
  ];
  const lines = list.print({ plugins, total_count: 4 }, { style, now }).split('\n');
  // Version, generation, isolation, memory, cpu, network and violations.
  const unknown = Array.from({ length: 7 }, () => '-');
  expect(lines.slice(1).map((line) => line.split(/ {2,}/))).toEqual([
    ['a', 'good(active)', 'good(healthy)', ...unknown, '0'],
    ['b', 'bad(failed)', 'bad(unhealthy)', ...unknown, '0'],
    ['c', 'dim(disabled)', 'dim(unknown)', ...unknown, '0'],
    ['d', 'caution(loading)', 'dim(unknown)', ...unknown, '0'],
  ]);
});

const usage: UsageAnswer = {
  at: now / 1_000,
  memory_bytes: 125_829_120,
  cpu_percent: 3.24,
  threads: 11,
  open_files: 21,
  disk_bytes: 0,
  network_sent_bytes: 900,
  network_received_bytes: 12_288,
  limits: { memory_mb: 256, cpu_percent: 50, threads: null, files: null, disk_mb: 64 },
  unenforced: ['threads'],
  violations: { memory: 2 },
};

test('a confined plugin shows its level, the layers it lacks, what it uses and how often that was too much', () => {
  const geo = { name: 'geo', state: 'active' as const, isolation: 'sandbox', missing_layers: ['cgroup'], usage };
  expect(factsOf(geo)).toMatchObject({
    isolation: 'sandbox without cgroup',
    memory: '120 MB of 256 MB',
    cpu: '3.2 % of 50 % of a core',
    network: '900 B out, 12 KB in',
    violations: 'memory 2',
    'not held to': 'threads',
  });
  const health = {
    status: 'healthy' as const,
    state: 'active' as const,
    last_check: 0,
    checks: { active_requests: 0 },
  };
  const plugins = [{ ...geo, status: 'active' as const, health }];
  const [, row = ''] = list.print({ plugins, total_count: 1 }, paper).split('\n');
  expect(row.split(/ {2,}/).slice(5)).toEqual([
    'sandbox without cgroup',
    '120 MB',
    '3.2 %',
    '900 B out, 12 KB in',
    'memory 2',
    '0',
  ]);
});
