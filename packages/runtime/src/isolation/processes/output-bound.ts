import type { Readable } from 'node:stream';
import { OutputLines } from '../places/output-lines.ts';
import type { HostClock } from '../../host-services/system-clock.ts';

/** What a process may write in a second before its lines are left out, and before it must wait. */
const linesPerSecond = 500;
const bytesPerSecond = 4_194_304;
const secondMs = 1_000;

/**
 * The lines of one output of a process, of which a host takes only so many: a flood is told once, counted, and held up in
 * the process that makes it.
 */
export class OutputBound {
  /** Lines that nobody was told of. */
  dropped = 0;
  readonly #stream: Readable;
  readonly #clock: Pick<HostClock, 'after'>;
  readonly #tell: (line: string) => void;
  readonly #lines: OutputLines;
  #lineCount = 0;
  #byteCount = 0;
  #cancel: (() => void) | undefined;

  constructor(stream: Readable, clock: Pick<HostClock, 'after'>, tell: (line: string) => void) {
    this.#stream = stream;
    this.#clock = clock;
    this.#tell = tell;
    this.#lines = new OutputLines((line) => this.#took(line));
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => this.#read(text));
    // Whoever reads it is told by its end; there is nothing else to do about it.
    stream.on('error', () => {});
  }

  /** The last lines, oldest first, also of those that were left out. */
  get last(): readonly string[] {
    return this.#lines.last;
  }

  /** It is over: what is still in the pipe is read to its end. */
  release(): void {
    this.#cancel?.();
    this.#byteCount = -Infinity;
    this.#stream.resume();
  }

  #read(text: string): void {
    this.#cancel ??= this.#clock.after(secondMs, () => this.#nextSecond());
    this.#byteCount += text.length;
    this.#lines.push(text);
    if (this.#byteCount > bytesPerSecond) this.#stream.pause();
  }

  #took(line: string): void {
    if (++this.#lineCount <= linesPerSecond) return this.#tell(line);
    if (++this.dropped === 1)
      this.#tell(`(it writes more than ${linesPerSecond} lines a second: the rest is left out)`);
  }

  #nextSecond(): void {
    this.#cancel = undefined;
    this.#lineCount = 0;
    this.#byteCount = 0;
    this.#stream.resume();
  }
}
