import { leaveSoon, startDeadline } from './shutdown-deadline.ts';

/** The process as far as stopping it goes. */
export interface StopSignals {
  on(signal: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  off(signal: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  /** Ends the process now, whatever it is doing. */
  kill(): void;
  /** Ends the process when the time is up, whatever it is doing then. */
  endWithin(milliseconds: number): void;
  /** Everything is closed: ends the process soon, even if something was left open that keeps it. */
  leave(): void;
  /** Milliseconds on a clock that never goes back. */
  now(): number;
}

/** What is run, and how long it may take to end. */
export interface Stoppable {
  close(): Promise<void>;
  /** Milliseconds from the signal until the process ends itself. */
  readonly shutdownLimitMs: number;
}

/** The signals of this process. */
const processSignals: StopSignals = {
  on: (signal, listener) => process.on(signal, listener),
  off: (signal, listener) => process.off(signal, listener),
  kill: () => process.kill(process.pid, 'SIGKILL'),
  endWithin: startDeadline,
  leave: leaveSoon,
  now: () => performance.now(),
};

/** The terminal sends Ctrl-C to npm and to the server, and npm passes it on: what follows this soon is the same wish. */
const sameWishMs = 500;

/**
 * Waits for SIGTERM or SIGINT, then closes. A second signal, half a second later or more, ends the process at once, and
 * so does the deadline: code that never gives the thread back can't keep the process alive. Once all is closed the
 * process ends within a second, whatever was left open: what else there is to do belongs in `close`.
 *
 * @returns the signal that ended it
 */
export async function runUntilStopped(running: Stoppable, signals: StopSignals = processSignals): Promise<string> {
  const { promise: stopped, resolve: stop } = Promise.withResolvers<string>();
  let stoppingSince: number | undefined;
  const onSignal = (signal: string) => (): void => {
    stoppingSince ??= signals.now();
    if (signals.now() - stoppingSince >= sameWishMs) return signals.kill();
    stop(signal);
  };
  const listeners = { SIGTERM: onSignal('SIGTERM'), SIGINT: onSignal('SIGINT') };
  signals.on('SIGTERM', listeners.SIGTERM);
  signals.on('SIGINT', listeners.SIGINT);
  try {
    const signal = await stopped;
    signals.endWithin(running.shutdownLimitMs);
    await running.close();
    signals.leave();
    return signal;
  } finally {
    signals.off('SIGTERM', listeners.SIGTERM);
    signals.off('SIGINT', listeners.SIGINT);
  }
}
