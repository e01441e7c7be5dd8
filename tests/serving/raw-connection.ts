import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** One answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

const limitMs = 15_000;

/** A connection that writes bytes as they are and reads answers one after the other. Each wait is bounded. */
export class RawConnection implements Disposable {
  readonly socket: Socket;
  #received = '';
  #end: { readonly error: Error | undefined } | undefined;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket.setNoDelay();
    let failure: Error | undefined;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#received += text;
      this.#wake();
    });
    socket.on('error', (error) => void (failure = error));
    socket.on('close', () => {
      this.#end = { error: failure };
      this.#wake();
    });
  }

  static async open(port: number): Promise<RawConnection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  /** What has come and was not read as an answer. */
  get received(): string {
    return this.#received;
  }

  get isClosed(): boolean {
    return this.#end !== undefined;
  }

  write(text: string | Uint8Array): void {
    if (typeof text === 'string') this.socket.write(text, 'latin1');
    else this.socket.write(text);
  }

  /** Reads one answer. One to HEAD has no body, whatever its length says. */
  async answer(method = 'GET'): Promise<RawAnswer> {
    const head = await this.#take(await this.#indexAfter('\r\n\r\n'));
    const [first = '', ...fields] = head.trimEnd().split('\r\n');
    const headers = new Map(fields.map((field) => splitField(field)));
    const status = Number(first.split(' ')[1]);
    if (status >= 100 && status < 200) return this.answer(method);
    const isBodiless = method === 'HEAD' || status === 204 || status === 304;
    const body = isBodiless ? '' : await this.#body(headers);
    return { status, head, headers, body };
  }

  /** Waits until `text` has come. */
  async until(text: string): Promise<string> {
    await this.#indexAfter(text);
    return this.#received;
  }

  /** Waits until the server has closed. @returns what came last, and the error, if the connection was reset */
  async closed(): Promise<{ readonly rest: string; readonly error: Error | undefined }> {
    while (this.#end === undefined) await this.#more('the end of the connection');
    return { rest: this.#received, error: this.#end.error };
  }

  [Symbol.dispose](): void {
    this.socket.destroy();
  }

  async #body(headers: ReadonlyMap<string, string>): Promise<string> {
    if (headers.get('transfer-encoding') === 'chunked') return this.#chunks();
    const length = headers.get('content-length');
    if (length !== undefined) return this.#take(Number(length));
    const { rest, error } = await this.closed();
    if (error) throw error;
    this.#received = '';
    return rest;
  }

  async #chunks(): Promise<string> {
    for (let body = ''; ;) {
      const size = Number.parseInt(await this.#take(await this.#indexAfter('\r\n')), 16);
      if (Number.isNaN(size)) throw new Error('a chunk has no size');
      const chunk = await this.#take(size + 2);
      if (size === 0) return body;
      body += chunk.slice(0, -2);
    }
  }

  async #indexAfter(text: string): Promise<number> {
    for (;;) {
      const index = this.#received.indexOf(text);
      if (index >= 0) return index + text.length;
      await this.#more(JSON.stringify(text));
    }
  }

  async #take(length: number): Promise<string> {
    while (this.#received.length < length) await this.#more(`${length} bytes`);
    const taken = this.#received.slice(0, length);
    this.#received = this.#received.slice(length);
    return taken;
  }

  async #more(what: string): Promise<void> {
    if (this.#end) {
      throw new Error(`closed before ${what}: ${JSON.stringify(this.#received.slice(0, 200))}`, {
        cause: this.#end.error,
      });
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(() => reject(new Error(`waited ${limitMs} ms for ${what}`)), limitMs);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  }
}

function splitField(field: string): readonly [string, string] {
  const colon = field.indexOf(':');
  return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
}
