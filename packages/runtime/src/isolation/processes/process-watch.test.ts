import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { judgeProcess, pauseBeforeBeatMs, type Verdict } from './process-vitals.ts';
import { ProcessWatch, type WatchedProcess } from './process-watch.ts';
import type { ProcessorTime } from '../threads/processor-time.ts';

const well = { standstillMs: 0, unasked: 0, unreadBytes: 0 };

it.each([
  [{ ...well, standstillMs: 1_001 }, 'unresponsive'],
  [{ ...well, standstillMs: 1_000 }, undefined],
  [{ ...well, unasked: 20_001 }, 'flood'],
  [{ ...well, unreadBytes: 300_000_000 }, 'unresponsive'],
  [well, undefined],
] as const)('a process with %o is judged %s', (vitals, reason) => {
  expect(judgeProcess(vitals, 1_000)?.reason).toBe(reason);
});

it('a sign of life is asked for sooner where less time is given, within bounds', () => {
  expect([0, 400, 100_000].map(pauseBeforeBeatMs)).toEqual([50, 100, 1_000]);
});

/** A process that does what a test says. */
class Acted implements WatchedProcess {
  counts = { received: 0, sent: 0 };
  awaited = false;
  answersBeats = true;
  readonly beats: number[] = [];
  readonly verdicts: Verdict[] = [];
  isQuiet = false;
  received = () => this.counts.received;
  sent = () => this.counts.sent;
  unreadBytes = () => 0;
  isAwaited = () => this.awaited;
  graceMs = () => 1_000;
  beat = () => {
    this.beats.push(performance.now());
    this.counts.sent++;
    if (this.answersBeats) this.counts.received++;
  };
  processor: ProcessorTime | undefined;
  processorTime = () => this.processor;
  beQuiet = () => void (this.isQuiet = true);
  condemn = (verdict: Verdict) => void this.verdicts.push(verdict);
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

it('a process that nobody waits for is asked nothing, and no timer is left', () => {
  const [watch, process] = [new ProcessWatch(), new Acted()];
  watch.wake(process);
  vi.advanceTimersByTime(200);
  expect(process.isQuiet).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
  vi.advanceTimersByTime(60_000);
  expect([process.beats, process.verdicts]).toEqual([[], []]);
});

it('one that takes long over a call and answers its beats is left alone', () => {
  const [watch, process] = [new ProcessWatch(), new Acted()];
  process.awaited = true;
  watch.wake(process);
  vi.advanceTimersByTime(30_000);
  expect(process.verdicts).toEqual([]);
  // A few in a second, and not one at every look.
  expect(process.beats.length).toBeGreaterThan(50);
  expect(process.beats.length).toBeLessThan(130);
});

it('one that owes an answer and gives no sign of life is condemned when its grace is over', () => {
  const [watch, process] = [new ProcessWatch(), new Acted()];
  Object.assign(process, { awaited: true, answersBeats: false });
  watch.wake(process);
  vi.advanceTimersByTime(1_000);
  expect(process.verdicts).toEqual([]);
  vi.advanceTimersByTime(600);
  expect(process.verdicts).toMatchObject([{ reason: 'unresponsive' }]);
  expect(vi.getTimerCount()).toBe(0);
});

it('one that gets no processor is starved and not stuck, and a loop on a small share is found later', () => {
  const [watch, process] = [new ProcessWatch(), new Acted()];
  Object.assign(process, { awaited: true, answersBeats: false, processor: { usedMs: 5, isRunnable: true } });
  watch.wake(process);
  vi.advanceTimersByTime(60_000);
  expect(process.verdicts).toEqual([]);
  for (let look = 1; look <= 60; look++) {
    process.processor = { usedMs: 5 + look * 10, isRunnable: true };
    vi.advanceTimersByTime(50);
  }
  expect(process.verdicts).toEqual([]);
  for (let look = 61; look <= 110; look++) {
    process.processor = { usedMs: 5 + look * 10, isRunnable: true };
    vi.advanceTimersByTime(50);
  }
  expect(process.verdicts).toMatchObject([{ reason: 'unresponsive' }]);
});

it('one that sleeps stands still for as long as it sleeps', () => {
  const [watch, process] = [new ProcessWatch(), new Acted()];
  Object.assign(process, { awaited: true, answersBeats: false, processor: { usedMs: 5, isRunnable: false } });
  watch.wake(process);
  vi.advanceTimersByTime(1_600);
  expect(process.verdicts).toMatchObject([{ reason: 'unresponsive' }]);
});

it('one that sends without being asked is condemned for it', () => {
  const [watch, process] = [new ProcessWatch(), new Acted()];
  watch.wake(process);
  for (let look = 0; look < 30; look++) {
    process.counts.received += 5_000;
    vi.advanceTimersByTime(50);
  }
  expect(process.verdicts).toMatchObject([{ reason: 'flood' }]);
});

it('no beat is due from a process that is no plugin’s yet', () => {
  const [watch, process] = [new ProcessWatch(), new Acted()];
  Object.assign(process, { awaited: true, answersBeats: false, graceMs: () => undefined });
  watch.wake(process);
  vi.advanceTimersByTime(60_000);
  expect([process.beats, process.verdicts]).toEqual([[], []]);
});
