import { closeSync, openSync } from 'node:fs';
import type { StdioOptions } from 'node:child_process';

/** The channel; the program knows this number. */
export const channelDescriptor = 3;
const firstFree = 4;

/** What goes over to a child beside its standard streams and the channel, in order. */
export class Descriptors {
  readonly #entries: ('pipe' | number)[] = [];
  readonly #texts = new Map<number, Buffer>();

  /** A pipe to or from the child. */
  pipe(): number {
    return this.#add('pipe');
  }

  /** One that gives a text until its end. */
  text(content: Buffer | string): number {
    const descriptor = this.#add('pipe');
    this.#texts.set(descriptor, Buffer.from(content));
    return descriptor;
  }

  /** One that gives a file of this host, read with the rights of this process. */
  file(path: string): number {
    return this.#add(openSync(path, 'r'));
  }

  stdio(stdin: 'ignore' | 'inherit'): StdioOptions {
    return [stdin, 'pipe', 'pipe', 'pipe', ...this.#entries];
  }

  /** What each pipe is to give. */
  get texts(): ReadonlyMap<number, Buffer> {
    return this.#texts;
  }

  /** Closes this process's side of the files. */
  close(): void {
    for (const entry of this.#entries.splice(0)) if (entry !== 'pipe') closeSync(entry);
  }

  #add(entry: 'pipe' | number): number {
    this.#entries.push(entry);
    return firstFree + this.#entries.length - 1;
  }
}
