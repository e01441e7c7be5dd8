import type { Clock } from '@hotswap/sdk';

/** The host's time: every timer of the runtime is set here, so that a test can move time by hand. */
export interface HostClock extends Clock {
  /** Milliseconds of a clock that never goes back. Read often and cheaply: within one turn of the loop it may stand. */
  ticks(): number;
  /** Runs `work` once after `ms`; never keeps the process alive. The returned function cancels it. */
  after(ms: number, work: () => void): () => void;
}

/** The longest delay a Node timer takes; longer waits are made of several. */
const longestTimer = 2_147_483_647;

/** A clock over the machine's time. */
export function createSystemClock(): HostClock {
  const clock = { now: Date.now, ticks: createTicks(), after };
  return { ...clock, sleep: (ms, options) => sleepOn(clock, ms, options?.signal) };
}

/**
 * A clock for one generation: time goes on as on `clock`, sleeps end when `signal` is aborted.
 */
export function endingClock(clock: HostClock, signal: AbortSignal): Clock {
  return {
    now: () => clock.now(),
    sleep: (ms, options) =>
      sleepOn(clock, ms, options?.signal === undefined ? signal : AbortSignal.any([signal, options.signal])),
  };
}

/** Waits on any clock; rejects with the signal's reason as soon as it is aborted. */
function sleepOn(clock: Pick<HostClock, 'after'>, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    const abort = (): void => {
      cancel();
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
  });
}

function after(ms: number, work: () => void): () => void {
  let rest = ms;
  let timer: NodeJS.Timeout | undefined;
  const arm = (): void => {
    const part = Math.min(Math.max(rest, 0), longestTimer);
    rest -= part;
    timer = setTimeout(() => (rest > 0 ? arm() : work()), part);
    timer.unref();
  };
  arm();
  return () => clearTimeout(timer);
}

/** Reads the precise clock at most once a millisecond: the value is kept until a timer has marked it as old. */
function createTicks(): () => number {
  let value = 0;
  let isFresh = false;
  const expire = (): void => {
    isFresh = false;
  };
  return () => {
    if (isFresh) return value;
    isFresh = true;
    setTimeout(expire, 1).unref();
    value = performance.now();
    return value;
  };
}
