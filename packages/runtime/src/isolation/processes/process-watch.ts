import { judgeProcess, pauseBeforeBeatMs, type Verdict } from './process-vitals.ts';
import { countUnasked } from '../places/unasked.ts';
import type { ProcessorTime } from '../threads/processor-time.ts';
import { standingTime } from '../threads/thread-vitals.ts';

/** A process as its watch sees it. */
export interface WatchedProcess {
  /** Messages that came from it, and that were sent to it, since it began. */
  readonly received: () => number;
  readonly sent: () => number;
  readonly unreadBytes: () => number;
  /** Whether somebody waits for an answer. */
  readonly isAwaited: () => boolean;
  /** How long its loop may stand still; undefined while it is no plugin's yet. */
  readonly graceMs: () => number | undefined;
  /** What the system says of its main thread; asked while it owes a sign of life. */
  readonly processorTime: () => ProcessorTime | undefined;
  /** Asks it for a sign of life. */
  readonly beat: () => void;
  /** From now on the next message in either direction is told to `WatchHandle.wake`. */
  readonly beQuiet: () => void;
  /** Called once; it is watched no longer. */
  readonly condemn: (verdict: Verdict) => void;
}

interface Watching {
  readonly process: WatchedProcess;
  lookedAt: number;
  received: number;
  sent: number;
  unasked: number;
  /** For how long nothing has come from it. */
  silentMs: number;
  /** For how long it has owed an answer to a beat, and could have given it; undefined: it owes none. */
  standstillMs: number | undefined;
  /** As of the look before, while it owes one. */
  processor: ProcessorTime | undefined;
}

const lookEveryMs = 50;
/** The host's own stalls are no fault of a process: so much of the time between two looks counts, at most. */
const longestLookMs = 250;

/**
 * Looks at what comes from each process, by one timer that runs only while some of them have something to say or to
 * answer: a process that does nothing is neither asked nor looked at.
 */
export class ProcessWatch {
  readonly #awake = new Map<WatchedProcess, Watching>();
  #timer: NodeJS.Timeout | undefined;

  /** Something was sent or came: from now on it is looked at, until it is quiet again. */
  wake(process: WatchedProcess): void {
    if (this.#awake.has(process)) return;
    this.#awake.set(process, {
      process,
      lookedAt: performance.now(),
      received: process.received(),
      sent: process.sent(),
      unasked: 0,
      silentMs: 0,
      standstillMs: undefined,
      processor: undefined,
    });
    this.#arm();
  }

  remove(process: WatchedProcess): void {
    this.#awake.delete(process);
    if (this.#awake.size === 0) this.#disarm();
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => this.#lookAtAll(), lookEveryMs).unref();
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #lookAtAll(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const record of this.#awake.values()) this.#look(record, now);
    if (this.#awake.size > 0) this.#arm();
  }

  #look(record: Watching, now: number): void {
    const { process } = record;
    const graceMs = process.graceMs();
    const received = process.received();
    const sent = process.sent();
    const passedMs = Math.min(now - record.lookedAt, longestLookMs);
    const hasSpoken = received !== record.received;
    const isIdle = !hasSpoken && sent === record.sent;
    record.unasked = countUnasked(record.unasked, {
      ms: now - record.lookedAt,
      taken: received - record.received,
      sent: sent - record.sent,
    });
    Object.assign(record, { lookedAt: now, received, sent });
    if (hasSpoken || graceMs === undefined) Object.assign(record, { silentMs: 0, standstillMs: undefined });
    else {
      record.silentMs += passedMs;
      if (record.standstillMs !== undefined) this.#stands(record, record.standstillMs, passedMs);
      else if (process.isAwaited() && record.silentMs >= pauseBeforeBeatMs(graceMs)) this.#ask(record);
    }
    const { standstillMs = 0, unasked } = record;
    const verdict = judgeProcess({ standstillMs, unasked, unreadBytes: process.unreadBytes() }, graceMs ?? Infinity);
    if (verdict !== undefined) {
      this.remove(process);
      process.condemn(verdict);
    } else if (isIdle && unasked === 0 && !process.isAwaited()) {
      this.#awake.delete(process);
      process.beQuiet();
    }
  }

  #ask(record: Watching): void {
    record.process.beat();
    record.sent++;
    record.standstillMs = 0;
    record.processor = record.process.processorTime();
  }

  #stands(record: Watching, before: number, passedMs: number): void {
    const processor = record.process.processorTime();
    record.standstillMs = before + standingTime(passedMs, record.processor, processor);
    record.processor = processor;
  }
}
