import type { ProcessorTime } from './processor-time.ts';
import type { PlaceExit, PlaceLimits } from '../places/place.ts';
import { mostUnasked } from '../places/unasked.ts';

/** What is known of a watched thread, by looking at it from outside. */
export interface ThreadVitals {
  /** Its heap and its buffers; undefined until it was measured once. */
  readonly usedMB: number | undefined;
  /** Since when, in milliseconds of its own work, every measurement was over the limit. */
  readonly overLimitMs: number;
  /** By how much it grew in the last millisecond of its own work. */
  readonly growthMBPerMs: number;
  /** How long its event loop has given no sign of life, though it could have. */
  readonly standstillMs: number;
  /** Messages that it has sent and that the host has not come to. */
  readonly backlog: number;
  /** Messages that it sent unasked, less what it may send. */
  readonly unasked: number;
  /** By how much the host's own memory has grown since the backlog began. */
  readonly hostGrowthMB: number;
}

/** A verdict on a thread that must end. */
export type Verdict = Pick<PlaceExit, 'reason' | 'detail'>;

/** A heap holds garbage too: a thread over its limit has this much of its own time to collect it, while it stays below the second figure. */
const collectingMs = 2_000;
const garbageMB = 128;
const mostBacklog = 50_000;
const mostHostGrowthMB = 512;

/** How often one looks at a thread that does nothing, at one that works, and at one that is about to reach its limit. */
export const lookEveryMs: { readonly idle: 50; readonly working: 10; readonly near: 2 } = {
  idle: 50,
  working: 10,
  near: 2,
};

/** Whether a thread must end, and why. */
export function judgeThread(vitals: ThreadVitals, { memoryMB, graceMs }: PlaceLimits): Verdict | undefined {
  const { usedMB = 0, overLimitMs, standstillMs, backlog, unasked, hostGrowthMB } = vitals;
  const atOnceMB = Math.max(2 * memoryMB, memoryMB + garbageMB);
  if (usedMB > atOnceMB || (usedMB > memoryMB && overLimitMs >= collectingMs))
    return { reason: 'memory', detail: `it used ${Math.round(usedMB)} MB of the ${memoryMB} MB it may use` };
  if (backlog > mostBacklog || unasked > mostUnasked)
    return { reason: 'flood', detail: `it sent ${Math.round(Math.max(backlog, unasked))} messages more than it may` };
  if (backlog > 0 && hostGrowthMB > mostHostGrowthMB)
    return { reason: 'flood', detail: `its messages made the host grow by ${Math.round(hostGrowthMB)} MB` };
  if (standstillMs > graceMs)
    return { reason: 'unresponsive', detail: `its event loop stood still for ${Math.round(standstillMs)} ms` };
  return undefined;
}

/** When to look again: the nearer the limit and the faster it grows, the sooner. */
export function nextLookMs(vitals: ThreadVitals, { memoryMB }: PlaceLimits, isWorking: boolean): number {
  if (!isWorking) return lookEveryMs.idle;
  const { usedMB = 0, growthMBPerMs } = vitals;
  const leftMB = memoryMB - usedMB;
  const soon = leftMB <= 0 || (growthMBPerMs > 0 && leftMB / growthMBPerMs < 3 * lookEveryMs.working);
  return soon ? lookEveryMs.near : lookEveryMs.working;
}

/**
 * How much of the time between two looks a thread had for a sign of life. One that wants to run and gets no processor is
 * starved and not stuck: only what it ran counts then.
 */
export function standingTime(
  passedMs: number,
  before: ProcessorTime | undefined,
  after: ProcessorTime | undefined,
): number {
  if (before === undefined || after?.isRunnable !== true) return passedMs;
  return Math.max(0, Math.min(passedMs, after.usedMs - before.usedMs));
}
