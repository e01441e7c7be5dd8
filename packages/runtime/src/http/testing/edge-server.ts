import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { once } from 'node:events';
import type { HotRequest, HotResponse } from '@hotswap/protocol/http';
import type { Dispatch } from '../exchange.ts';
import { listen } from '../listen.ts';
import type { ListeningServer, ListenOptions } from '../listen.ts';
import { createNodeListener } from '../node-listener.ts';
import type { ListenerOptions } from '../node-listener.ts';

export type Handler = (request: HotRequest) => HotResponse | undefined | Promise<HotResponse | undefined>;

/** Counts what a dispatch was told about its exchanges. */
export interface Ledger {
  opened: number;
  closed: number;
  readonly aborted: unknown[];
  /** What ends the answers that are being written. */
  readonly cutOffs: ((reason: Error) => void)[];
}

/** A dispatch with one handler behind it. */
export function dispatchTo(
  handler: Handler,
  ledger: Ledger = { opened: 0, closed: 0, aborted: [], cutOffs: [] },
): Dispatch {
  return (request) => {
    ledger.opened++;
    return {
      answer: handler(request),
      close: () => void ledger.closed++,
      whenCutOff: (cutOff) => void ledger.cutOffs.push(cutOff),
      abort: (reason) => void ledger.aborted.push(reason),
    };
  };
}

export interface EdgeServer extends AsyncDisposable {
  readonly listening: ListeningServer;
  readonly ledger: Ledger;
  /** Sends bytes as they are on a connection of their own and gives all that comes back until it is closed. */
  send(text: string): Promise<string>;
  open(): Promise<RawClient>;
}

/** A listener on loopback in front of one handler. */
export async function serveEdge(
  handler: Handler,
  options: ListenerOptions & Partial<ListenOptions> = {},
): Promise<EdgeServer> {
  const ledger: Ledger = { opened: 0, closed: 0, aborted: [], cutOffs: [] };
  const listening = await listen(createNodeListener(dispatchTo(handler, ledger), options), { port: 0, ...options });
  const open = (): Promise<RawClient> => RawClient.open(listening.port);
  return {
    listening,
    ledger,
    open,
    async send(text) {
      const client = await open();
      client.write(text);
      return client.rest();
    },
    async [Symbol.asyncDispose]() {
      await listening.close({ graceMs: 0 });
    },
  };
}

/** A client that writes bytes as they are and shows what came back. */
class RawClient {
  readonly socket: Socket;
  received = '';
  #isClosed = false;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.received += text;
    });
    // A reset is one of the ways in which a server may cut a connection; the tests look at what was received.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#isClosed = true;
    });
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    const client = new RawClient(socket);
    await once(socket, 'connect');
    return client;
  }

  write(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Waits until what was received holds `text`. */
  async until(text: string): Promise<string> {
    while (!this.received.includes(text)) {
      if (this.#isClosed) throw new Error(`closed before ${JSON.stringify(text)}: ${JSON.stringify(this.received)}`);
      await Promise.race([once(this.socket, 'data'), once(this.socket, 'close')]);
    }
    return this.received;
  }

  /** Waits for the server to close. */
  async rest(): Promise<string> {
    // Not `once`: a reset is an end like others here.
    if (!this.#isClosed) await new Promise((resolve) => this.socket.once('close', resolve));
    return this.received;
  }
}

/** An exchange that gives up when nobody answers: bounded waiting for a condition. */
export async function eventually(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error('the condition did not come true in 5 s');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A body of these parts. */
export async function* partsOf(...parts: readonly (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  yield* parts;
}

/** A body that has one part and never an end. */
export async function* stuck(): AsyncGenerator<string> {
  yield 'first';
  await new Promise(() => {});
}

/** A response that is ended by its connection closing. */
export const closing = 'Host: a.test\r\nConnection: close\r\n\r\n';
