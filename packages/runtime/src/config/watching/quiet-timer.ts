import type { HostClock } from '../../host-services/system-clock.ts';

/** Runs work once things have been quiet for a while. */
export interface QuietTimer {
  /** Starts the wait, or starts it again. */
  touch(afterMs: number): void;
  stop(): void;
}

/** A timer on the host's clock that each touch puts off. */
export function createQuietTimer(clock: Pick<HostClock, 'after'>, work: () => void): QuietTimer {
  let cancel: (() => void) | undefined;
  const stop = (): void => {
    cancel?.();
    cancel = undefined;
  };
  return {
    touch: (afterMs) => {
      stop();
      cancel = clock.after(afterMs, work);
    },
    stop,
  };
}
