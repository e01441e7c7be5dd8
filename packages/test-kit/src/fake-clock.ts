import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '@hotswap/sdk';

/** A clock that stands still until a test moves it. It fits wherever the runtime asks for its clock. */
export interface FakeClock extends Clock {
  ticks(): number;
  after(ms: number, work: () => void): () => void;
  /** Moves time on by `ms`, running what falls due in its order; what each one started has settled before the next. */
  advance(ms: number): Promise<void>;
  /** Timers that wait. */
  readonly pending: number;
}

interface Timer {
  readonly at: number;
  readonly work: () => void;
}

/** @param start milliseconds since the epoch; default 2030-01-01 */
export function createFakeClock(start: number = Date.UTC(2030, 0, 1)): FakeClock {
  let now = start;
  const timers = new Set<Timer>();

  function after(ms: number, work: () => void): () => void {
    const timer = { at: now + Math.max(ms, 0), work };
    timers.add(timer);
    return () => timers.delete(timer);
  }

  return {
    now: () => now,
    ticks: () => now - start,
    after,
    sleep: (ms, options) =>
      new Promise((resolve, reject) => {
        const signal = options?.signal;
        if (signal?.aborted === true) return reject(signal.reason);
        const cancel = after(ms, resolve);
        signal?.addEventListener('abort', () => (cancel(), reject(signal.reason)), { once: true });
      }),
    async advance(ms) {
      const end = now + ms;
      await nextTurn();
      for (let timer = nextDue(timers, end); timer !== undefined; timer = nextDue(timers, end)) {
        timers.delete(timer);
        now = timer.at;
        timer.work();
        await nextTurn();
      }
      now = end;
    },
    get pending() {
      return timers.size;
    },
  };
}

/** The earliest timer up to `end`; of equal ones the one that was set first. */
function nextDue(timers: ReadonlySet<Timer>, end: number): Timer | undefined {
  let earliest: Timer | undefined;
  for (const timer of timers) {
    if (timer.at <= end && (earliest === undefined || timer.at < earliest.at)) earliest = timer;
  }
  return earliest;
}
