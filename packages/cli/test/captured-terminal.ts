import { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Terminal } from '../src/terminal.ts';

/** A terminal whose output can be read. */
export interface CapturedTerminal extends Terminal {
  readonly out: () => string;
  readonly err: () => string;
  /** The signal that the command ended itself by. */
  readonly endedBy: () => NodeJS.Signals | undefined;
}

export interface CaptureOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly isTTY?: boolean;
}

export function captureTerminal({ cwd, env = {}, isTTY = false }: CaptureOptions): CapturedTerminal {
  let endedBy: NodeJS.Signals | undefined;
  const [stdout, stderr] = [new Captured(isTTY), new Captured(isTTY)];
  return {
    stdout,
    stderr,
    env,
    cwd,
    now: Date.now,
    sleep: (milliseconds) => delay(milliseconds),
    endBy: (signal) => (endedBy = signal),
    endedBy: () => endedBy,
    out: () => stdout.text,
    err: () => stderr.text,
  };
}

class Captured extends Writable {
  text = '';
  readonly columns = 100;
  readonly isTTY: boolean;

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  override _write(chunk: unknown, _encoding: string, done: () => void): void {
    this.text += String(chunk);
    done();
  }
}
