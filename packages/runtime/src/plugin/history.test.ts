import { expect, it } from 'vitest';
import { History, type Snapshot } from './history.ts';
import type { ChangeRecord } from '../status.ts';
import type { Artifact } from '../loading/artifact.ts';

const artifact: Artifact = {
  manifest: { name: 'a', version: '1.2.3', description: '', main: 'index.ts', engines: { hotswap: '^1.0.0' } },
  digest: 'sha256:00',
  program: { type: 'definition', definition: { start() {} } },
  origin: 'memory:a',
  inputs: [],
};
const snapshot = (generation: number, change: Partial<Snapshot> = {}): Snapshot => ({
  generation,
  version: '1.2.3',
  digest: 'sha256:00',
  artifact,
  source: 'a.ts',
  config: {},
  isolation: undefined,
  handlers: [],
  tasks: [],
  dependencies: {},
  state: undefined,
  takenAt: 5,
  operation: 'swap',
  operationId: 'swap-1',
  actor: 'api',
  reason: 'because',
  ...change,
});
const change = (to: number): ChangeRecord => ({
  operationId: `swap-${to}`,
  operation: 'swap',
  from: to - 1,
  to,
  fromVersion: '1.0.0',
  toVersion: '1.2.3',
  actor: 'ada',
  reason: 'because',
  outcome: 'swapped',
  code: undefined,
  at: 5,
  durationMs: 1,
});

it('gives the newest snapshot and uses them up one by one', () => {
  const history = new History(10);
  expect(history.latest).toBeUndefined();
  history.push(snapshot(1));
  history.push(snapshot(2));
  expect(history.latest?.generation).toBe(2);
  history.pop();
  expect(history.latest?.generation).toBe(1);
});

it('prunes the oldest past its limit and always keeps one', () => {
  const history = new History(2);
  for (const generation of [1, 2, 3]) history.push(snapshot(generation));
  expect(history.status().map(({ generation }) => generation)).toEqual([2, 3]);
  const least = new History(0);
  least.push(snapshot(7));
  expect(least.latest?.generation).toBe(7);
});

it('tells operators what was there, who changed it and why, and whether its state is kept', () => {
  const history = new History(2);
  const reference = { id: '1', schemaVersion: 1, sizeBytes: 9, takenAt: 5 };
  history.push(snapshot(4, { state: { reference, read: async () => undefined } }));
  history.push(snapshot(5));
  expect(history.status()).toEqual([
    {
      generation: 4,
      version: '1.2.3',
      digest: 'sha256:00',
      takenAt: 5,
      operation: 'swap',
      operationId: 'swap-1',
      actor: 'api',
      reason: 'because',
      hasState: true,
    },
    expect.objectContaining({ generation: 5, hasState: false }),
  ]);
});

it('remembers the last hundred changes', () => {
  const history = new History(1);
  for (let to = 1; to <= 120; to++) history.record(change(to));
  expect(history.changes).toHaveLength(100);
  expect(history.changes[0]?.to).toBe(21);
  expect(history.changes.at(-1)).toEqual(change(120));
});

it('goes on where an earlier process left it, within its limit, and counts generations on', () => {
  const earlier = { snapshots: [1, 2, 3].map((number) => snapshot(number)), changes: [change(7)] };
  const history = new History(2, earlier);
  expect(history.snapshots.map(({ generation }) => generation)).toEqual([2, 3]);
  expect(history.changes).toEqual([change(7)]);
  expect(history.lastGeneration).toBe(7);
  expect(new History(2).lastGeneration).toBe(0);
});

it('lets go of code, and of what was only in memory, once the plugin is unloaded', () => {
  const history = new History(5);
  const inMemory = { name: 'a', definition: { start() {} } };
  history.push(snapshot(1, { source: inMemory }));
  history.push(snapshot(2));
  history.release(() => ({ key: '***' }), { withStates: true });
  expect(history.snapshots).toMatchObject([{ generation: 2, artifact: undefined, config: { key: '***' } }]);
});

it('says each time that it has changed', () => {
  const told: number[] = [];
  const history = new History(5, undefined, ({ snapshots, changes }) => told.push(snapshots.length + changes.length));
  history.push(snapshot(1));
  history.record(change(2));
  history.pop();
  expect(told).toEqual([1, 2, 1]);
});
