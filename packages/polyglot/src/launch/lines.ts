import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** Longer lines come in pieces. */
const longestLine = 65_536;

/** Tells each line that a process writes, and the end. Never holds more than one line. */
export function onLines(stream: Readable, tell: (line: string) => void, ended?: () => void): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const take = (text: string): void => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) tell(line.endsWith('\r') ? line.slice(0, -1) : line);
    for (; rest.length > longestLine; rest = rest.slice(longestLine)) tell(rest.slice(0, longestLine));
  };
  stream.on('data', (chunk: Buffer) => take(decoder.write(chunk)));
  // A process that dies may leave a broken pipe: its end is told by its exit.
  stream.on('error', () => {});
  stream.on('close', () => {
    if (rest !== '') tell(rest);
    rest = '';
    ended?.();
  });
}

/** Lines of one process that the log takes in a second. */
const mostInSecond = 1_000;

/** Keeps a process that writes without end from filling the log of its host. */
export class LineBudget {
  readonly #now: () => number;
  #second = 0;
  #told = 0;
  #dropped = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** @returns whether a line is told, and how many were dropped before it since the last one that was */
  take(): { readonly isTold: boolean; readonly dropped: number } {
    const second = Math.floor(this.#now() / 1_000);
    if (second !== this.#second) [this.#second, this.#told] = [second, 0];
    this.#told += 1;
    if (this.#told > mostInSecond) {
      this.#dropped += 1;
      return { isTold: false, dropped: 0 };
    }
    const dropped = this.#dropped;
    this.#dropped = 0;
    return { isTold: true, dropped };
  }
}

const mostLines = 20;
const longestKept = 1_000;

/** The last lines that a process wrote. */
export class LastLines {
  readonly #lines: string[] = [];

  add(line: string): void {
    this.#lines.push(line.slice(0, longestKept));
    if (this.#lines.length > mostLines) this.#lines.shift();
  }

  /** Oldest first. */
  get all(): readonly string[] {
    return [...this.#lines];
  }
}
