import { connect } from 'node:net';
import type { Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Pending {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  readonly sentAt: number;
}

/**
 * One connection that asks again and again, never two at a time. It is written by hand so that nothing is repeated
 * behind its back: a request is sent once, and a connection that breaks under it has lost it.
 */
export class KeepAliveConnection {
  readonly #port: number;
  #socket: Socket | undefined;
  #received = '';
  #pending: Pending | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  get isIdle(): boolean {
    return this.#pending === undefined;
  }

  /** Sends a GET. Rejects when no whole answer comes. */
  get(path: string): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#pending = { resolve, reject, sentAt: performance.now() };
    this.#socket ??= this.#open();
    this.#socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
    return promise;
  }

  /** Gives a request up that was sent longer ago than this. */
  giveUpAfter(milliseconds: number): void {
    if (this.#pending === undefined || performance.now() - this.#pending.sentAt < milliseconds) return;
    this.#break('no answer in time');
  }

  close(): void {
    this.#break('closed');
  }

  #open(): Socket {
    const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true });
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => this.#receive(text));
    socket.on('error', (error) => this.#break(`connection broken: ${'code' in error ? error.code : error.message}`));
    socket.on('close', () => this.#socket === socket && this.#break('connection closed without an answer'));
    return socket;
  }

  #receive(text: string): void {
    if (this.#pending === undefined) return this.#break('bytes that nobody asked for');
    this.#received += text;
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = this.#received.slice(0, headEnd);
    const length = /^content-length: *(\d+)$/im.exec(head)?.[1];
    if (length === undefined) return this.#break('an answer without a length');
    const end = headEnd + 4 + Number(length);
    if (this.#received.length < end) return;
    if (this.#received.length > end) return this.#break('more bytes than the answer has');
    const { resolve } = this.#pending;
    const body = this.#received.slice(headEnd + 4);
    this.#pending = undefined;
    this.#received = '';
    resolve({ status: Number(head.slice(9, 12)), body });
  }

  #break(reason: string): void {
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#received = '';
    this.#pending?.reject(new Error(reason));
    this.#pending = undefined;
  }
}
