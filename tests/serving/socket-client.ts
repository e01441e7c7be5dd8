import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import type { ClientOptions } from 'ws';

/** A WebSocket client that keeps what it got. */
export class SocketClient implements Disposable {
  readonly socket: WebSocket;
  readonly messages: (string | Buffer)[] = [];
  readonly #closed: Promise<string>;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data, isBinary) => void this.messages.push(isBinary ? (data as Buffer) : String(data)));
    socket.on('error', () => {});
    this.#closed = once(socket, 'close').then(([code, reason]) => `${code} ${reason}`.trim());
  }

  static async open(
    url: string,
    options: ClientOptions & { readonly protocols?: string[] } = {},
  ): Promise<SocketClient> {
    const { protocols = [], ...rest } = options;
    const client = new SocketClient(new WebSocket(url.replace(/^http/, 'ws'), protocols, rest));
    await once(client.socket, 'open');
    return client;
  }

  /** Waits until exactly these messages have come. */
  async got(...messages: readonly unknown[]): Promise<void> {
    await expect.poll(() => this.messages).toEqual(messages);
  }

  send(data: string | Uint8Array): void {
    this.socket.send(data);
  }

  /** Code and reason of its end, such as `1012 reconnect retry=734`. */
  closed(): Promise<string> {
    return this.#closed;
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }
}

/** Asks for a WebSocket that is refused. @returns the answer it gets instead */
export async function refusedUpgrade(
  url: string,
  options: ClientOptions = {},
): Promise<{ readonly status: number; readonly headers: IncomingMessage['headers']; readonly body: string }> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), options);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  socket.on('unexpected-response', (_request, response) => resolve(response));
  socket.on('open', () => reject(new Error('the upgrade was accepted')));
  socket.on('error', reject);
  const response = await promise;
  let body = '';
  for await (const part of response.setEncoding('utf8')) body += part;
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}
