import { expect, it } from 'vitest';
import { History, type Snapshot } from './history.ts';
import type { Artifact } from '../loading/artifact.ts';

const artifact: Artifact = {
  manifest: { name: 'a', version: '1.2.3', description: '', main: 'index.ts', engines: { hotswap: '^1.0.0' } },
  digest: 'sha256:00',
  program: { type: 'definition', definition: { start() {} } },
  origin: 'memory:a',
  inputs: [],
};
const snapshot = (generation: number): Snapshot => ({
  generation,
  artifact,
  source: 'a.ts',
  config: {},
  takenAt: 5,
  actor: 'api',
  reason: 'swap',
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

it('tells operators generation, version, digest, moment and reason', () => {
  const history = new History(1);
  history.push(snapshot(4));
  expect(history.status()).toEqual([
    { generation: 4, version: '1.2.3', digest: 'sha256:00', takenAt: 5, reason: 'swap' },
  ]);
});
