import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { pathOf, UpgradeAnswerer, type UpgradeParts } from './answer-upgrade.ts';
import type { OpenSocket } from './open-socket.ts';
import { serverCloses } from './socket-end.ts';
import { closeTimeoutMs, type WebSocketServerOptions } from './socket-options.ts';
import { responseOn } from './upgrade-response.ts';
import type { Generation } from '../../plugin/generation.ts';
import type { Router } from '../../routing/router.ts';
import { matchSocket } from '../../routing/routing-table.ts';
import { serverClosing } from '../close-deadline.ts';

/** The WebSocket connections of one server. */
export interface AttachedSockets extends AsyncDisposable {
  /** Takes no more connections and closes the open ones with 1001. Resolves when the last one is closed. */
  close(): Promise<void>;
}

export interface AttachParts extends UpgradeParts {
  readonly router: Router<Generation>;
}

/** Requests that some listener of ours has taken: two runtimes may share a server. */
const taken = new WeakSet<IncomingMessage>();

/** Marks our listeners for `upgrade`, so that they know each other from those of the host. */
const mark: unique symbol = Symbol.for('hotswap.websocket.listener') as never;

/** Hands a server's upgrades to the plugins: those that ask for a WebSocket on a path that some plugin has. */
export function attachSockets(
  parts: AttachParts,
  server: Server,
  options: WebSocketServerOptions = {},
): AttachedSockets {
  const attachment = new Attachment(parts, server, options);
  return {
    close: () => attachment.close(),
    [Symbol.asyncDispose]: () => attachment.close(),
  };
}

class Attachment {
  readonly #parts: AttachParts;
  readonly #server: Server;
  readonly #options: WebSocketServerOptions;
  readonly #answerer: UpgradeAnswerer;
  readonly #sockets = new Set<OpenSocket>();
  readonly #listener: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly #stopServing: () => void;
  #closing: Promise<void> | undefined;

  constructor(parts: AttachParts, server: Server, options: WebSocketServerOptions) {
    this.#parts = parts;
    this.#server = server;
    this.#options = options;
    this.#answerer = new UpgradeAnswerer(parts, options, (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    const listener = (request: IncomingMessage, _socket: Duplex, head: Buffer): void => this.#upgrade(request, head);
    this.#listener = Object.assign(listener, { [mark]: true });
    server.on('upgrade', this.#listener);
    server.on(serverClosing, this.#onServerClosing);
    this.#stopServing = parts.hub.serve();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The server itself is closed by its deadline: it would wait for these sockets for ever. */
  readonly #onServerClosing = (isCut: boolean): void => {
    void this.close();
    if (isCut) for (const socket of this.#sockets) socket.terminate();
  };

  async #close(): Promise<void> {
    this.#stopServing();
    this.#answerer.close();
    this.#answerer.endAll(serverCloses);
    // Bounded: `ws` cuts off a client that does not answer the close frame in time.
    const limit = AbortSignal.timeout(2 * closeTimeoutMs);
    const closed = Array.from(this.#sockets, (socket) => once(socket, 'close', { signal: limit }));
    await Promise.allSettled(closed);
    this.#server.off('upgrade', this.#listener);
    this.#server.off(serverClosing, this.#onServerClosing);
  }

  #upgrade(request: IncomingMessage, head: Buffer): void {
    if (taken.has(request)) return;
    const path = pathOf(request);
    const isOurs = asksForWebSocket(request) && this.#options.reserved?.(path) !== true && this.#isRouted(path);
    if (!isOurs) return this.#handBack(request);
    taken.add(request);
    void this.#answerer.answer(request, head);
  }

  #isRouted(path: string): boolean {
    return matchSocket(this.#parts.router.table, path) !== undefined;
  }

  /**
   * Not for plugins: other listeners of the host get it. Where there are none it is a request like any other, as it would
   * be on a server that knows of no upgrades, and the last one of its connection.
   */
  #handBack(request: IncomingMessage): void {
    const listeners = this.#server.listeners('upgrade');
    const isOthers = listeners.some((listener) => !(mark in listener));
    if (isOthers || listeners.at(-1) !== this.#listener) return;
    taken.add(request);
    const response = responseOn(request);
    if (this.#server.listenerCount('request') > 0) this.#server.emit('request', request, response);
    else response.writeHead(404).end();
  }
}

function asksForWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}
