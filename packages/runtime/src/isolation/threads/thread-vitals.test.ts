import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judgeThread, nextLookMs, standingTime, type ThreadVitals } from './thread-vitals.ts';
import { countUnasked } from '../places/unasked.ts';

const limits = { memoryMB: 100, graceMs: 1_000 };
const well: ThreadVitals = {
  usedMB: 50,
  overLimitMs: 0,
  growthMBPerMs: 0,
  standstillMs: 0,
  backlog: 0,
  unasked: 0,
  hostGrowthMB: 0,
};

test.each<[string, Partial<ThreadVitals>, string | undefined]>([
  ['is well', {}, undefined],
  ['was never measured', { usedMB: undefined }, undefined],
  ['is at its limit', { usedMB: 100, overLimitMs: 10_000 }, undefined],
  ['is over its limit for a moment', { usedMB: 150, overLimitMs: 1_999 }, undefined],
  ['stays over its limit', { usedMB: 101, overLimitMs: 2_000 }, 'memory'],
  ['is far over its limit', { usedMB: 229 }, 'memory'],
  ['stood still up to the grace', { standstillMs: 1_000 }, undefined],
  ['stood still past the grace', { standstillMs: 1_001 }, 'unresponsive'],
  ['has a burst of messages on their way', { backlog: 50_000 }, undefined],
  ['sends without end', { backlog: 50_001 }, 'flood'],
  ['sends what nobody asked for', { unasked: 20_001 }, 'flood'],
  ['sends what is large', { backlog: 1, hostGrowthMB: 513 }, 'flood'],
  ['has sent nothing while the host grew', { hostGrowthMB: 5_000 }, undefined],
])('a thread that %s', (_, change, reason) => {
  expect(judgeThread({ ...well, ...change }, limits)?.reason).toBe(reason);
});

test('a verdict says the figures', () => {
  expect(judgeThread({ ...well, usedMB: 300.4 }, limits)?.detail).toBe('it used 300 MB of the 100 MB it may use');
});

test('one that works is looked at more often, one that comes near its limit more often still', () => {
  expect(nextLookMs(well, limits, false)).toBe(50);
  expect(nextLookMs(well, limits, true)).toBe(10);
  expect(nextLookMs({ ...well, growthMBPerMs: 2 }, limits, true)).toBe(2);
  expect(nextLookMs({ ...well, usedMB: 101 }, limits, true)).toBe(2);
});

test('growing faster never means looking later', () => {
  const megabytes = fc.double({ min: 0, max: 1_000, noNaN: true });
  fc.assert(
    fc.property(megabytes, megabytes, megabytes, (usedMB, slow, more) => {
      const look = (growthMBPerMs: number): number => nextLookMs({ ...well, usedMB, growthMBPerMs }, limits, true);
      expect(look(slow + more)).toBeLessThanOrEqual(look(slow));
    }),
  );
});

test.each([
  ['nothing is known', undefined, undefined, 10],
  ['it was asked about for the first time', undefined, { usedMs: 5, isRunnable: true }, 10],
  ['it ran all the time', { usedMs: 5, isRunnable: true }, { usedMs: 15, isRunnable: true }, 10],
  ['it ran for a part of the time', { usedMs: 5, isRunnable: true }, { usedMs: 8, isRunnable: true }, 3],
  ['it got no processor', { usedMs: 5, isRunnable: true }, { usedMs: 5, isRunnable: true }, 0],
  ['it waits for something else', { usedMs: 5, isRunnable: true }, { usedMs: 5, isRunnable: false }, 10],
  ['it can no longer be asked about', { usedMs: 5, isRunnable: true }, undefined, 10],
])('of 10 ms, a thread is held to what it could use: %s', (_, before, after, stoodMs) => {
  expect(standingTime(10, before, after)).toBe(stoodMs);
});

test('answers are asked for, a burst of something else is forgiven with time, a stream of it is not', () => {
  expect(countUnasked(0, { ms: 10, taken: 40_000, sent: 10_000 })).toBe(0);
  expect(countUnasked(0, { ms: 10, taken: 5_050, sent: 0 })).toBe(5_000);
  expect(countUnasked(5_000, { ms: 1_000, taken: 0, sent: 0 })).toBe(0);
  let unasked = 0;
  for (let look = 0; look < 200; look++) unasked = countUnasked(unasked, { ms: 10, taken: 220, sent: 0 });
  expect(unasked).toBeGreaterThan(20_000);
});
