import type { BodySource } from '@hotswap/protocol/http';

/** What a remote body does with the bodies of its channel. */
export interface BodyStreams {
  open(body: RemoteBody): void;
  pull(body: RemoteBody, bytes: number): void;
  cancel(body: RemoteBody): void;
  overrun(body: RemoteBody): void;
}

/** Bytes that are asked for ahead of the reader. */
const window = 262_144;
/** The last chunk may be longer than what was left of the credit. */
const largestChunk = 65_536;

interface Waiter {
  readonly resolve: (result: IteratorResult<Uint8Array>) => void;
  readonly reject: (error: Error) => void;
}

/** A body that the other side holds. Nothing of it crosses before it is read; then as much as the reader keeps up with. */
export class RemoteBody implements BodySource, AsyncIterableIterator<Uint8Array> {
  readonly id: number;
  readonly length: number | undefined;
  readonly #streams: BodyStreams;
  #ended: (() => void) | undefined;
  #queue: Uint8Array[] = [];
  #waiters: Waiter[] = [];
  #state: 'untouched' | 'open' | 'finished' = 'untouched';
  #error: Error | undefined;
  /** Asked for and not come yet. */
  #due = 0;
  /** Read since more was asked for. */
  #read = 0;

  constructor(streams: BodyStreams, id: number, length: number | undefined, ended: (() => void) | undefined) {
    this.#streams = streams;
    this.id = id;
    this.length = length;
    this.#ended = ended;
  }

  /** Whether it came by these streams, and can go back there. */
  isOf(streams: BodyStreams): boolean {
    return this.#streams === streams && this.#state === 'untouched';
  }

  /** It goes back unread: nothing more is read here. */
  giveBack(): number {
    this.#settle();
    return this.id;
  }

  chunks(): AsyncIterable<Uint8Array> {
    return this;
  }

  async bytes(): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for await (const part of this.chunks()) parts.push(part);
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  [Symbol.asyncIterator](): this {
    if (this.#state === 'untouched') this.#open();
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    const part = this.#queue.shift();
    if (part !== undefined) {
      this.#hasRead(part.byteLength);
      return Promise.resolve({ done: false, value: part });
    }
    if (this.#error !== undefined) return Promise.reject(this.#error);
    if (this.#state === 'finished') return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => void this.#waiters.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    if (this.#state !== 'finished') this.#streams.cancel(this);
    this.#queue = [];
    this.#settle();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** A part came. */
  push(bytes: Uint8Array): void {
    this.#due -= bytes.byteLength;
    if (this.#state !== 'open' || this.#due < -largestChunk) {
      this.#streams.overrun(this);
      this.finish(new Error('more of a body came than was asked for'));
      return;
    }
    const waiter = this.#waiters.shift();
    if (waiter === undefined) {
      this.#queue.push(bytes);
      return;
    }
    this.#hasRead(bytes.byteLength);
    waiter.resolve({ done: false, value: bytes });
  }

  /** Nothing more will come. */
  finish(error: Error | undefined): void {
    this.#error = error;
    this.#settle();
  }

  #open(): void {
    this.#state = 'open';
    this.#due = window;
    this.#streams.open(this);
    this.#streams.pull(this, window);
  }

  #hasRead(bytes: number): void {
    this.#read += bytes;
    if (this.#state !== 'open' || this.#read < window / 2) return;
    this.#due += this.#read;
    this.#streams.pull(this, this.#read);
    this.#read = 0;
  }

  #settle(): void {
    this.#state = 'finished';
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { resolve, reject } of waiters) {
      if (this.#error === undefined) resolve({ done: true, value: undefined });
      else reject(this.#error);
    }
    const ended = this.#ended;
    this.#ended = undefined;
    ended?.();
  }
}
