import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { readArguments } from './arguments.ts';
import { atMostTimes, below, type Entry, exactly, interleave, median, quantile, ratios, toEntry } from './measure.ts';

const run = promisify(execFile);

test('a median is the middle, or halfway between the two in the middle', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([1, 9, 3, 5])).toBe(4);
});

test('a quantile is a value that was measured', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  expect(quantile(hundred, 0.99)).toBe(99);
  expect(quantile(hundred, 0.5)).toBe(50);
  expect(quantile([7], 0.99)).toBe(7);
});

test('ratios are taken round by round, so that a slow round counts for both alike', () => {
  expect(ratios([2, 20], [1, 10])).toEqual([2, 2]);
  expect(ratios([2, 20], [1])).toEqual([2]);
});

test('a finding becomes an entry with median, spread, ratio and verdict', () => {
  const finding = {
    case: 'ours',
    unit: 'us',
    values: [2, 30, 4],
    against: { case: 'plain', values: [1, 10, 1] },
    goal: atMostTimes(3, 'plain'),
  };
  expect(toEntry('row', finding)).toEqual({
    id: 'row',
    case: 'ours',
    value: 4,
    unit: 'us',
    baseline: 1,
    against: 'plain',
    ratio: 3,
    min: 2,
    max: 30,
    goal: '<= 3x plain',
    ok: true,
    note: null,
  });
});

test('a goal that is missed, or was not measured, is not met', () => {
  expect(toEntry('row', { case: 'a', unit: 'ms', values: [5], goal: below(5, 'ms') }).ok).toBe(false);
  expect(toEntry('row', { case: 'a', unit: '', values: [1], goal: exactly(0, 'failed') }).ok).toBe(false);
  const missing = toEntry('row', { case: 'a', unit: 'ms', values: [], goal: below(5, 'ms'), note: 'not here' });
  expect(missing).toMatchObject({ value: null, ok: false, note: 'not here' });
});

test('cases take turns, and every second round runs backwards', async () => {
  const order: string[] = [];
  const values = await interleave(2, ['a', 'b'], async (name, round) => {
    order.push(`${name}${round}`);
    return order.length;
  });
  expect(order).toEqual(['a0', 'b0', 'b1', 'a1']);
  expect(values).toEqual({ a: [1, 4], b: [2, 3] });
});

test('arguments name the rows, the JSON file and the quick mode; a row that is not there is refused', () => {
  const known = ['call-basic', 'memory'];
  expect(readArguments(['--only', 'memory', '--json', 'out.json', '--quick'], known)).toEqual({
    only: ['memory'],
    json: 'out.json',
    isQuick: true,
  });
  expect(readArguments([], known)).toEqual({ only: known, json: undefined, isQuick: false });
  expect(() => readArguments(['--only', 'memori'], known)).toThrow('memori');
});

test('a quick run of one row writes its entries', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hotswap-bench-test-'));
  try {
    const file = join(folder, 'out.json');
    const main = join(import.meta.dirname, 'main.ts');
    const flags = ['--conditions=@hotswap/source', main, '--quick', '--only', 'call-basic', '--json', file];
    await run(process.execPath, flags, { timeout: 50_000 });
    const entries = JSON.parse(await readFile(file, 'utf8')) as Entry[];
    expect(entries.length).toBeGreaterThan(4);
    for (const entry of entries) {
      expect(entry).toMatchObject({ id: 'call-basic', case: expect.any(String), unit: expect.any(String) });
      expect(entry.value).toBeGreaterThanOrEqual(0);
      expect(entry.max).toBeGreaterThanOrEqual(entry.min ?? Infinity);
    }
    const judged = entries.filter(({ goal }) => goal !== null);
    expect(judged.length).toBeGreaterThan(0);
    for (const { ok } of judged) expect(ok).toBeTypeOf('boolean');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
