import type { Lease } from '../routing/lease.ts';

/** What can hold calls past their time. */
export interface DeadlineHolder {
  readonly openLeases: Iterable<Lease>;
  /** Ends the calls whose deadline lies before `now`. */
  expire(now: number): void;
}

/**
 * One coarse clock for the time limits of every call: no timer object is made per call.
 * It ticks only while some call is open. A limit is kept to within one tick.
 */
export class CallDeadlines {
  readonly #holders = new Set<DeadlineHolder>();
  readonly #tickMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(tickMs = 25) {
    this.#tickMs = tickMs;
  }

  /** Whether some call with a time limit is open, or was one tick ago. */
  get isTicking(): boolean {
    return this.#timer !== undefined;
  }

  add(holder: DeadlineHolder): void {
    this.#holders.add(holder);
  }

  remove(holder: DeadlineHolder): void {
    this.#holders.delete(holder);
  }

  /** Called when a deadline is set; costs one comparison while the clock ticks. */
  arm(): void {
    this.#timer ??= setInterval(() => this.#tick(), this.#tickMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(): void {
    const now = performance.now();
    let isNeeded = false;
    for (const holder of this.#holders) {
      holder.expire(now);
      for (const lease of holder.openLeases) isNeeded ||= lease.deadlineAt !== Infinity;
    }
    if (!isNeeded) this.close();
  }
}
