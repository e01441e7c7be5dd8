import { PassThrough, type Readable } from 'node:stream';

const keptCharacters = 1_000;

/** An output of the engine's command, of which nothing is lost while nobody reads it yet, and whose end is remembered. */
export class OutputTap extends PassThrough {
  #last = '';

  constructor(output: Readable | null) {
    super();
    if (output === null) this.end();
    else output.on('error', () => this.end()).pipe(this);
  }

  /** The last that came through, at most 1,000 characters. */
  get last(): string {
    return this.#last.trim();
  }

  override _transform(
    chunk: Buffer,
    encoding: BufferEncoding,
    done: (error?: Error | null, data?: unknown) => void,
  ): void {
    this.#last = `${this.#last}${String(chunk)}`.slice(-keptCharacters);
    super._transform(chunk, encoding, done);
  }
}
