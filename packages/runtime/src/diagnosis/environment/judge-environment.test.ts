import { describe, expect, it } from 'vitest';
import { type EnvironmentFacts, gatherFacts } from './environment-facts.ts';
import { judgeEnvironment } from './judge-environment.ts';

const megabyte = 2 ** 20;
const folder = (path: string) => ({ path, problem: undefined, freeBytes: 9_000 * megabyte });

const good: EnvironmentFacts = {
  platform: 'linux',
  nodeVersion: '26.10.0',
  execArgv: [],
  nodeOptions: '',
  isInspected: false,
  heapLimitBytes: 2_048 * megabyte,
  memoryBytes: 8_192 * megabyte,
  memoryLimitBytes: undefined,
  openFiles: 65_536,
  cores: 4,
  isRoot: false,
  data: folder('/srv/data'),
  temporary: folder('/tmp'),
  sharedMemory: folder('/dev/shm'),
  sqliteProblem: undefined,
  levels: ['none', 'basic', 'strict'],
  now: Date.UTC(2026, 5, 1),
};

/** The checks that are not ok, as `id level`. */
function found(change: Partial<EnvironmentFacts>): readonly string[] {
  return judgeEnvironment({ ...good, ...change })
    .filter(({ level }) => level !== 'ok')
    .map(({ id, level }) => `${id} ${level}`);
}

it('has one line for each thing, and nothing to say against a good machine', () => {
  const checks = judgeEnvironment(good);
  expect(found({})).toEqual([]);
  expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
});

it('says what to do wherever something is not ok', () => {
  const bad = judgeEnvironment({
    ...good,
    nodeVersion: '22.1.0',
    openFiles: 100,
    cores: 1,
    isRoot: true,
    data: undefined,
  });
  const told = bad.filter(({ level }) => level !== 'ok');
  expect(told).toHaveLength(5);
  for (const { action } of told) expect(action).toBeTruthy();
});

describe('each limit', () => {
  it.each<[string, Partial<EnvironmentFacts>]>([
    ['node-version problem', { nodeVersion: '22.9.0' }],
    ['node-flags warning', { execArgv: ['--unhandled-rejections=none'] }],
    ['node-flags warning', { nodeOptions: '--require ./hook.js' }],
    ['node-flags warning', { nodeOptions: '--max-old-space-size=96' }],
    ['inspector warning', { isInspected: true }],
    ['heap-limit warning', { heapLimitBytes: 128 * megabyte }],
    ['memory-limit warning', { memoryLimitBytes: 1_024 * megabyte }],
    ['open-files warning', { openFiles: 1_024 }],
    ['open-files problem', { openFiles: 64 }],
    ['cores warning', { cores: 1 }],
    ['user warning', { isRoot: true }],
    ['data-folder warning', { data: undefined }],
    ['data-folder problem', { data: { ...folder('/srv/data'), problem: 'EACCES' } }],
    ['data-folder problem', { data: { ...folder('/srv/data'), freeBytes: megabyte } }],
    ['temporary-folder warning', { temporary: { ...folder('/tmp'), freeBytes: 100 * megabyte } }],
    ['shared-memory warning', { sharedMemory: undefined }],
    ['sqlite problem', { sqliteProblem: 'no such built-in module' }],
    ['clock problem', { now: 0 }],
  ])('%s: %j', (expected, change) => {
    expect(found(change)).toEqual([expected]);
  });

  it('is met by a container that gives more than the heap may take', () => {
    expect(found({ memoryLimitBytes: 4_096 * megabyte })).toEqual([]);
    expect(found({ platform: 'darwin', sharedMemory: undefined, openFiles: undefined })).toEqual([]);
  });
});

it('never shows what flags were given: they may hold secrets', () => {
  const text = JSON.stringify(judgeEnvironment({ ...good, nodeOptions: '--require /x/secret.js --title=hunter2' }));
  expect(text).not.toMatch(/hunter2|secret\.js/);
});

it('says which levels of isolation are not in this build', () => {
  const check = judgeEnvironment(good).find(({ id }) => id === 'isolation');
  expect(check?.message).toBe('isolation: none, basic, strict; not in this build, and refused: sandbox, container');
});

it('looks at this machine without leaving anything behind', async () => {
  const facts = await gatherFacts({ data: '/nowhere/that/is', levels: ['basic'] });
  expect(facts.nodeVersion).toBe(process.versions.node);
  expect(facts.cores).toBeGreaterThan(0);
  expect(facts.heapLimitBytes).toBeGreaterThan(0);
  expect(facts.sqliteProblem).toBeUndefined();
  expect(facts.data?.path).toBe('/nowhere/that/is');
});
