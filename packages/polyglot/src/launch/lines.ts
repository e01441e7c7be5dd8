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
