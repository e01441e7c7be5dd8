import type { ProcessorTime, ReadProcessorTime } from './processor-time.ts';
import {
  judgeThread,
  nextLookMs,
  lookEveryMs,
  standingTime,
  type ThreadVitals,
  type Verdict,
} from './thread-vitals.ts';
import type { PlaceLimits } from '../places/place.ts';
import { countUnasked } from '../places/unasked.ts';

/** A thread as its watch sees it; reading any of this neither wakes it nor waits for it, but for `heap`. */
export interface WatchedThread {
  /** Milliseconds that its event loop has waited and worked, since it began. */
  readonly loop: () => { readonly idle: number; readonly active: number };
  /** Counts whenever it takes a message. */
  readonly beats: () => number;
  readonly backlog: () => number;
  /** Messages that the host has taken from it, since it began. */
  readonly taken: () => number;
  /** Messages that the host has sent to it. */
  readonly sent: () => number;
  /** Megabytes of its heap and buffers. Settles when the thread comes to it, which a loop may prevent. */
  readonly heap: () => Promise<number>;
  /** What the system says of its time on a processor; asked when it stands still. */
  readonly processor: ReadProcessorTime;
  /** Asks it for a beat. */
  readonly ping: () => void;
  /** Called once; it is watched no longer. */
  readonly condemn: (verdict: Verdict) => void;
}

/** What the watch knows of one thread. */
interface Watching {
  readonly thread: WatchedThread;
  readonly limits: PlaceLimits;
  lookedAt: number;
  idle: number;
  active: number;
  beats: number;
  taken: number;
  sent: number;
  /** At the last look, while it stood still. */
  processor: ProcessorTime | undefined;
  /** Time that it stood still since then. */
  unjudgedMs: number;
  hasPinged: boolean;
  isMeasuring: boolean;
  /** The state of its own work when it was measured last. */
  measuredAtActive: number;
  /** Host memory when its backlog began. */
  hostMB: number | undefined;
  vitals: ThreadVitals;
}

/** The host's own stalls are no fault of a thread: so much of the time between two looks counts, at most. */
const longestLookMs = 250;
/** A loop that gave no sign of life for so long is asked for one. */
const pingAfterMs = 100;
/** The system is asked about a thread that stands still no more often than this: it means reading files. */
const judgeEveryMs = 50;
const megabyte = 1_048_576;

const unknown: ThreadVitals = {
  usedMB: undefined,
  overLimitMs: 0,
  growthMBPerMs: 0,
  standstillMs: 0,
  backlog: 0,
  unasked: 0,
  hostGrowthMB: 0,
};

/**
 * Looks at every thread from outside, by one timer. Nobody is woken for it: a thread that did not run since the last
 * look is not measured.
 */
export class ThreadWatch {
  readonly #records = new Map<WatchedThread, Watching>();
  #timer: NodeJS.Timeout | undefined;

  add(thread: WatchedThread, limits: PlaceLimits): void {
    const { idle, active } = thread.loop();
    this.#records.set(thread, {
      thread,
      limits,
      lookedAt: performance.now(),
      idle,
      active,
      beats: thread.beats(),
      taken: thread.taken(),
      sent: thread.sent(),
      processor: undefined,
      unjudgedMs: 0,
      hasPinged: false,
      isMeasuring: false,
      measuredAtActive: 0,
      hostMB: undefined,
      vitals: unknown,
    });
    this.#arm(lookEveryMs.working);
  }

  remove(thread: WatchedThread): void {
    this.#records.delete(thread);
    if (this.#records.size === 0) this.#disarm();
  }

  #arm(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lookAtAll(), ms).unref();
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #lookAtAll(): void {
    const now = performance.now();
    let next: number = lookEveryMs.idle;
    for (const record of this.#records.values()) next = Math.min(next, this.#look(record, now));
    if (this.#records.size > 0) this.#arm(next);
  }

  /** @returns when to look again */
  #look(record: Watching, now: number): number {
    const { thread, limits } = record;
    const { idle, active } = thread.loop();
    const beats = thread.beats();
    const taken = thread.taken();
    const backlog = thread.backlog();
    const sent = thread.sent();
    // While it boots it has no loop yet that could stand still.
    const isAlive = idle > record.idle || beats !== record.beats || (idle === 0 && beats === 0);
    const isWorking = active > record.active + 0.5 || !isAlive;
    const passed = Math.min(now - record.lookedAt, longestLookMs);
    const standstillMs = isAlive ? 0 : record.vitals.standstillMs + this.#stood(record, passed);
    const hostMB = backlog > 0 ? process.memoryUsage.rss() / megabyte : undefined;
    record.hostMB = hostMB === undefined ? undefined : (record.hostMB ?? hostMB);
    record.vitals = {
      ...record.vitals,
      standstillMs,
      backlog,
      unasked: countUnasked(record.vitals.unasked, {
        ms: now - record.lookedAt,
        taken: taken - record.taken,
        sent: sent - record.sent,
      }),
      hostGrowthMB: (hostMB ?? 0) - (record.hostMB ?? 0),
    };
    Object.assign(record, { idle, active, beats, taken, sent, lookedAt: now });
    if (isAlive) Object.assign(record, { hasPinged: false, processor: undefined, unjudgedMs: 0 });
    else if (standstillMs >= pingAfterMs && !record.hasPinged) {
      record.hasPinged = true;
      thread.ping();
    }
    if (this.#condemned(record)) return lookEveryMs.idle;
    if (isWorking && !record.isMeasuring) void this.#measure(record, active);
    return nextLookMs(record.vitals, limits, isWorking);
  }

  /** The system is asked no sooner than it makes a difference: most standstills are short. */
  #stood(record: Watching, passedMs: number): number {
    if (record.vitals.standstillMs < Math.min(pingAfterMs, record.limits.graceMs) / 2) return passedMs;
    record.unjudgedMs += passedMs;
    if (record.unjudgedMs < judgeEveryMs) return 0;
    const { processor: before, unjudgedMs } = record;
    Object.assign(record, { processor: record.thread.processor(), unjudgedMs: 0 });
    return standingTime(unjudgedMs, before, record.processor);
  }

  async #measure(record: Watching, active: number): Promise<void> {
    record.isMeasuring = true;
    try {
      const usedMB = await record.thread.heap();
      const workedMs = Math.max(active - record.measuredAtActive, 1);
      const { usedMB: before = usedMB, overLimitMs } = record.vitals;
      record.measuredAtActive = active;
      record.vitals = {
        ...record.vitals,
        usedMB,
        growthMBPerMs: (usedMB - before) / workedMs,
        overLimitMs: usedMB > record.limits.memoryMB && before > record.limits.memoryMB ? overLimitMs + workedMs : 0,
      };
      if (this.#condemned(record)) return;
      if (nextLookMs(record.vitals, record.limits, true) < lookEveryMs.working) this.#arm(lookEveryMs.near);
    } catch {
      // It ended meanwhile, which whoever started it hears from the thread itself.
    } finally {
      record.isMeasuring = false;
    }
  }

  #condemned({ thread, limits, vitals }: Watching): boolean {
    const verdict = this.#records.has(thread) ? judgeThread(vitals, limits) : undefined;
    if (verdict === undefined) return false;
    this.remove(thread);
    thread.condemn(verdict);
    return true;
  }
}
