import type { IncomingMessage } from 'node:http';
import type { BodySource } from '@hotswap/protocol/http';
import { fail } from '../../errors.ts';

/** Bytes of an unread body that are read and thrown away to keep a connection; past them it is cheaper to close it. */
const drainableBytes = 256 * 1024;

export interface NodeRequestBodyOptions {
  readonly length: number | undefined;
  readonly limit: number;
  /** Tells a client that waits for `100 Continue` to send; called at the first read. */
  readonly proceed: (() => void) | undefined;
}

/** The body of a Node request, bounded. What nobody reads stays with the sender. */
export class NodeRequestBody implements BodySource {
  readonly length: number | undefined;
  readonly #request: IncomingMessage;
  readonly #options: NodeRequestBodyOptions;
  #limit: number;
  #received = 0;
  #isOpen = false;

  constructor(request: IncomingMessage, options: NodeRequestBodyOptions) {
    this.#request = request;
    this.#options = options;
    this.#limit = options.limit;
    this.length = options.length;
  }

  async bytes(): Promise<Uint8Array> {
    const kept = this.#keptBody();
    if (kept !== undefined) return kept;
    const parts: Uint8Array[] = [];
    for await (const part of this.chunks()) parts.push(part);
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    const kept = this.#keptBody();
    if (kept !== undefined) {
      yield kept;
      return;
    }
    this.#open();
    try {
      for await (const part of this.#request.iterator({ destroyOnReturn: false })) {
        this.#received += (part as Uint8Array).byteLength;
        if (this.#received > this.#limit) throw fail('BODY_TOO_LARGE', { limit: this.#limit });
        yield part as Uint8Array;
      }
    } catch (error) {
      if (this.#request.destroyed && !this.#request.complete) throw fail('CLIENT_LEFT', {}, { cause: error });
      throw error;
    }
  }

  lowerLimit(bytes: number): void {
    this.#limit = Math.min(this.#limit, bytes);
  }

  /** Whether so much is unread, and nobody reading it, that the connection cannot serve another request. */
  get endsConnection(): boolean {
    if (this.#request.complete) return false;
    if (this.#options.proceed !== undefined && !this.#isOpen) return true;
    if (this.#received > this.#limit) return true;
    return !this.#isOpen && (this.length ?? Infinity) > drainableBytes;
  }

  /** After the answer: throws away what little is left unread, or closes the connection. */
  settle(): void {
    if (this.#request.complete || this.#request.destroyed) return;
    const left = (this.length ?? Infinity) - this.#received;
    if (left <= drainableBytes) this.#request.resume();
    else this.#request.socket.destroySoon();
  }

  #open(): void {
    if (this.#request.readableDidRead || this.#request.readableEnded) throw fail('BODY_ALREADY_READ');
    this.#isOpen = true;
    this.#options.proceed?.();
  }

  /** What a body parser in front of us kept of the body it consumed. */
  #keptBody(): Uint8Array | undefined {
    const kept: unknown = Reflect.get(this.#request, 'rawBody');
    if (typeof kept === 'string') return Buffer.from(kept);
    return kept instanceof Uint8Array ? kept : undefined;
  }
}
