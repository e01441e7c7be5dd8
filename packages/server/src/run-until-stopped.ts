import { startDeadline } from './shutdown-deadline.ts';

/** The process as far as stopping it goes. */
export interface StopSignals {
  on(signal: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  off(signal: 'SIGTERM' | 'SIGINT', listener: () => void): unknown;
  /** Ends the process now, whatever it is doing. */
  kill(): void;
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
};

/**
 * Waits for SIGTERM or SIGINT, then closes. A second signal ends the process at once, and so does the deadline:
 * code that never gives the thread back can't keep the process alive.
 *
 * @returns the signal that ended it
 */
export async function runUntilStopped(running: Stoppable, signals: StopSignals = processSignals): Promise<string> {
  const { promise: stopped, resolve: stop } = Promise.withResolvers<string>();
  let isStopping = false;
  const onSignal = (signal: string) => (): void => {
    if (isStopping) return signals.kill();
    isStopping = true;
    stop(signal);
  };
  const listeners = { SIGTERM: onSignal('SIGTERM'), SIGINT: onSignal('SIGINT') };
  signals.on('SIGTERM', listeners.SIGTERM);
  signals.on('SIGINT', listeners.SIGINT);
  try {
    const signal = await stopped;
    const deadline = startDeadline(running.shutdownLimitMs);
    await running.close();
    await deadline.lift();
    return signal;
  } finally {
    signals.off('SIGTERM', listeners.SIGTERM);
    signals.off('SIGINT', listeners.SIGINT);
  }
}
