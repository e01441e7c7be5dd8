import { setTimeout as delay } from 'node:timers/promises';

/** What a command sees of the world outside: streams, environment, folder and time. */
export interface Terminal {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
  /** Ends this process as a signal would, for whoever waits for it. */
  endBy(signal: NodeJS.Signals): void;
}

/** A stream that may be a terminal. */
export type OutputStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** The terminal this process was started from. */
export function processTerminal(): Terminal {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    now: Date.now,
    sleep: (milliseconds) => delay(milliseconds),
    endBy: (signal) => void process.kill(process.pid, signal),
  };
}
