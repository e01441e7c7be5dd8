import { type IncomingMessage, ServerResponse, validateHeaderValue } from 'node:http';
import { HotRequest, HotResponse } from '@hotswap/protocol/http';
import type { Logger } from '@hotswap/sdk';
import { WebSocketServer } from 'ws';
import type { SocketConnection } from './connection.ts';
import type { OpenSocket } from './open-socket.ts';
import type { SocketEnd } from './socket-end.ts';
import type { SocketHub } from './socket-hub.ts';
import {
  closeTimeoutMs,
  defaultSocketLimits,
  type SocketLimits,
  type WebSocketServerOptions,
} from './socket-options.ts';
import { responseOn } from './upgrade-response.ts';
import { fail } from '../../errors.ts';
import type { RoundClock } from '../../host-services/round-clock.ts';
import { keepAllowed } from '../answer/frame-answer.ts';
import { writeAnswer } from '../answer/write-answer.ts';
import { routedTarget } from '../arrival/arriving-fields.ts';
import { type Edge, NodeRequestSource } from '../arrival/node-request-source.ts';
import { createRequestIds } from '../arrival/request-ids.ts';
import { trustedProxies } from '../arrival/trusted-proxies.ts';
import { errorResponse } from '../error-response.ts';
import type { Dispatch, Exchange, SocketTarget } from '../exchange.ts';
import { decodeParams } from '../route-info.ts';

/** The path that a request is routed by. */
export function pathOf({ url = '/' }: IncomingMessage): string {
  return routedTarget(url).split('?', 1)[0] ?? '/';
}

/** What upgrades are answered with. */
export interface UpgradeParts {
  readonly dispatch: Dispatch;
  readonly hub: SocketHub;
  readonly log: Logger;
}

/** One handshake on its way: what `ws` asks for while it makes it. */
interface Handshake {
  readonly protocols: readonly string[];
  readonly fields: readonly string[];
}

/** Answers requests for a WebSocket: through the middleware, past the gate, then the handshake or an ordinary answer. */
export class UpgradeAnswerer {
  readonly #parts: UpgradeParts;
  readonly #options: WebSocketServerOptions;
  readonly #limits: SocketLimits;
  readonly #edge: Edge;
  readonly #server: WebSocketServer;
  readonly #opened: (socket: OpenSocket) => void;
  readonly #connections = new Set<SocketConnection>();
  readonly #pings: RoundClock;
  #handshake: Handshake | undefined;
  #isClosed = false;

  constructor(parts: UpgradeParts, options: WebSocketServerOptions, opened: (socket: OpenSocket) => void) {
    this.#parts = parts;
    this.#options = options;
    this.#opened = opened;
    this.#pings = parts.hub.createPings(options.pingMs ?? 30_000);
    const { maxMessageBytes, maxBufferedBytes } = defaultSocketLimits;
    this.#limits = {
      maxMessageBytes: options.maxMessageBytes ?? maxMessageBytes,
      maxBufferedBytes: options.maxBufferedBytes ?? maxBufferedBytes,
    };
    this.#edge = {
      maxBodyBytes: 0,
      trusts: trustedProxies(options.trustedProxies ?? []),
      nextRequestId: createRequestIds(),
    };
    const settings = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: this.#limits.maxMessageBytes,
      closeTimeout: closeTimeoutMs,
      handleProtocols: (offered: Set<string>): string | false => this.#chosen(offered),
    };
    this.#server = new WebSocketServer(settings);
    this.#server.on('headers', (lines) => lines.push(...this.#extraLines()));
  }

  /** Requests that come from now on are answered 503. */
  close(): void {
    this.#isClosed = true;
  }

  endAll(end: SocketEnd): void {
    for (const connection of this.#connections) connection.end(end);
  }

  /** Never rejects: what fails becomes an answer, or ends the connection. */
  async answer(request: IncomingMessage, head: Buffer): Promise<void> {
    const source = new NodeRequestSource(request, new ServerResponse(request), this.#edge, false);
    const startedAt = performance.now();
    const status = await this.#answered(request, head, source);
    this.#options.accessLog?.({
      requestId: source.requestId,
      method: source.method,
      path: pathOf(request),
      status,
      remoteAddress: source.remoteAddress,
      userAgent: request.headers['user-agent'],
      durationMs: performance.now() - startedAt,
      isComplete: status !== 0,
    });
  }

  /** @returns the status it was answered with; 0 when the client left first */
  async #answered(request: IncomingMessage, head: Buffer, source: NodeRequestSource): Promise<number> {
    const refusal = this.#refusal(request, source);
    if (refusal) return this.#refuse(request, errorResponse(refusal, source.requestId));
    let target: SocketTarget | undefined;
    let exchange: Exchange | undefined;
    const onClose = (): void => {
      const reason = fail('CLIENT_LEFT');
      exchange?.abort(reason);
      source.abort(reason);
    };
    const onError = (): void => {};
    request.socket.on('error', onError);
    request.socket.once('close', onClose);
    const asked = new HotRequest(source);
    try {
      exchange = this.#parts.dispatch(asked, undefined, (found) => {
        target = found;
        return new HotResponse(null, { status: 101 });
      });
      const answer = await exchange.answer;
      if (target !== undefined && answer?.status === 101) {
        // The server may have begun to close while middleware took its time.
        if (this.#isClosed) throw fail('WEBSOCKET_SERVER_CLOSED', { retryAfterSeconds: 1 });
        request.socket.off('error', onError);
        return this.#open({ request, head, source, asked, target, answer });
      }
      return await this.#refuse(request, answer ?? new HotResponse('Not Found', { status: 404 }), exchange);
    } catch (error) {
      return await this.#refuse(request, errorResponse(error, source.requestId));
    } finally {
      request.socket.off('close', onClose);
      exchange?.close();
    }
  }

  #refusal({ url = '' }: IncomingMessage, { body }: NodeRequestSource): Error | undefined {
    const limit = this.#options.maxUrlBytes ?? 8 * 1024;
    if (this.#isClosed) return fail('WEBSOCKET_SERVER_CLOSED', { retryAfterSeconds: 1 });
    if (url.length > limit) return fail('URL_TOO_LONG', { limit });
    return body === undefined ? undefined : fail('UPGRADE_WITH_BODY');
  }

  /** The handshake itself, which `ws` may still refuse. Nothing of it is put off to a later turn. */
  #open(arrival: Arrival): number {
    const { request, head, source, asked, target, answer } = arrival;
    const { generation, match, key } = target;
    const path = match.value.pattern.text;
    const protocols = generation.registrations.flatMap((registration) =>
      registration.type === 'websocket' && registration.path === path ? registration.protocols : [],
    );
    const fields = answer.headerList();
    keepAllowed(fields, this.#options.isSharedOrigin ?? false);
    this.#handshake = { protocols, fields };
    let isOpened = false;
    this.#server.handleUpgrade(request, request.socket, head, (socket) => {
      isOpened = true;
      this.#opened(socket);
      const connection = this.#parts.hub.open(
        {
          socket,
          plugin: generation.plugin,
          route: match.value.key,
          path,
          key,
          limits: this.#limits,
          facts: {
            url: asked.url,
            rawHeaders: source.rawHeaders,
            params: decodeParams(match),
            tenant: key.tenant,
            address: source.remoteAddress ?? '',
            protocol: socket.protocol,
          },
        },
        this.#pings,
      );
      this.#connections.add(connection);
      socket.once('close', () => this.#connections.delete(connection));
    });
    this.#handshake = undefined;
    return isOpened ? 101 : 400;
  }

  /** The first one a client offers that the plugin speaks. */
  #chosen(offered: ReadonlySet<string>): string | false {
    return [...offered].find((protocol) => this.#handshake?.protocols.includes(protocol)) ?? false;
  }

  /** What middleware added to the answer that stands for the handshake, such as a cookie. */
  #extraLines(): string[] {
    const { fields = [] } = this.#handshake ?? {};
    const lines: string[] = [];
    for (let i = 0; i < fields.length; i += 2) {
      const [name = '', value = ''] = [fields[i], fields[i + 1]];
      if (/^sec-websocket-/i.test(name)) continue;
      validateHeaderValue(name, value);
      lines.push(`${name}: ${value}`);
    }
    return lines;
  }

  async #refuse(request: IncomingMessage, answer: HotResponse, exchange?: Exchange): Promise<number> {
    const { socket } = request;
    if (socket.destroyed) return 0;
    const response = responseOn(request);
    const options = {
      isHead: false,
      mustClose: true,
      isSharedOrigin: this.#options.isSharedOrigin ?? false,
      stallTimeoutMs: 30_000,
      exchange,
    };
    try {
      await writeAnswer(response, answer, options);
    } catch (error) {
      this.#parts.log.error({ err: error }, 'an upgrade could not be answered');
      if (response.headersSent || response.destroyed) socket.destroy();
      else await writeAnswer(response, errorResponse(error), { ...options, exchange: undefined });
    }
    return response.statusCode;
  }
}

/** A request for a WebSocket that a plugin takes. */
interface Arrival {
  readonly request: IncomingMessage;
  readonly head: Buffer;
  readonly source: NodeRequestSource;
  readonly asked: HotRequest;
  readonly target: SocketTarget;
  readonly answer: HotResponse;
}
