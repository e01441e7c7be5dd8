import type { Server } from 'node:http';
import { isCodedError, messageOf } from '@hotswap/protocol';
import { HotResponse } from '@hotswap/protocol/http';
import type { HotRequest } from '@hotswap/protocol/http';
import type { Logger, MaybePromise } from '@hotswap/sdk';
import { expressMiddleware, type FastifyPlugin, fastifyPlugin, type KoaMiddleware, koaMiddleware } from './adapters.ts';
import type { Dispatch } from './exchange.ts';
import { createFetchHandler } from './fetch-handler.ts';
import { fail } from '../errors.ts';
import { createNodeListener, type ListenerOptions, type NodeListener } from './node-listener.ts';
import { type AttachedSockets, attachSockets, type AttachParts } from './websocket/attach-sockets.ts';
import type { WebSocketServerOptions } from './websocket/socket-options.ts';

/** What the host answers itself when no plugin route matched; middleware of plugins stands in front of it. */
export type HostHandler = (request: Request) => MaybePromise<Response>;

/** Options of `runtime.listener`. */
export interface HostListenerOptions extends ListenerOptions {
  /** Default: 404, or the next middleware. */
  readonly fallback?: HostHandler;
}

/** The ways a host's server hands its requests to the plugins. */
export interface HttpFace {
  /** For `http.createServer` and `https.createServer`. */
  listener(options?: HostListenerOptions): NodeListener;
  /** For Express and Connect; mount it before body parsers. */
  express(options?: ListenerOptions): NodeListener;
  /** For `fastify.register`. */
  readonly fastify: FastifyPlugin;
  /** For Koa. */
  koa(options?: ListenerOptions): KoaMiddleware;
  /** For fetch-style servers. What no plugin answers is 404. */
  fetch(request: Request): Promise<Response>;
  /**
   * Hands the WebSocket connections of a Node server to the plugins, whatever framework answers its requests. Without it
   * status says `websocket: unavailable`.
   *
   * @example
   * runtime.websockets(app.listen(8080)); // Express, Koa; `app.server` of Fastify
   */
  websockets(server: Server, options?: WebSocketServerOptions): AttachedSockets;
}

export interface HttpFaceParts extends AttachParts {
  /** Tells open-ended answers that the server takes leave: event streams end with a reconnect hint. */
  readonly announceDrain: () => void;
}

/** Opens the plugins to every kind of server. */
export function createHttpFace({ announceDrain, ...parts }: HttpFaceParts): HttpFace {
  const { dispatch, log } = parts;
  return {
    listener: ({ fallback, ...options } = {}) => {
      const handle = fallback ? withFallback(dispatch, fallback, options.log ?? log) : dispatch;
      return announcing(createNodeListener(handle, { log, ...options }), announceDrain);
    },
    express: (options) => expressMiddleware(dispatch, { log, ...options }),
    fastify: fastifyPlugin(dispatch, { log }),
    koa: (options) => koaMiddleware(dispatch, { log, ...options }),
    fetch: createFetchHandler(dispatch),
    websockets: (server, options) => attachSockets(parts, server, options),
  };
}

/** A server that closes waits for its answers: those without an end are told first. */
function announcing(listener: NodeListener, announceDrain: () => void): NodeListener {
  const drain = (): void => {
    listener.drain();
    announceDrain();
  };
  const answer = (...args: Parameters<NodeListener>): void => listener(...args);
  return Object.assign(answer, { onContinue: listener.onContinue, drain });
}

function withFallback(dispatch: Dispatch, fallback: HostHandler, log: Logger): Dispatch {
  const fails = (request: HotRequest, error: unknown): never => {
    if (isCodedError(error) && error.kind !== 'internal') throw error;
    const stack = error instanceof Error ? error.stack : undefined;
    log.error({ error: messageOf(error), stack, traceId: request.source?.requestId }, "the host's own handler failed");
    throw fail('HOST_HANDLER_FAILED', {}, { cause: error });
  };
  const answer = (request: HotRequest): MaybePromise<HotResponse> => {
    try {
      const response = fallback(request);
      if (!(response instanceof Promise)) return HotResponse.from(response);
      return response.then(HotResponse.from).catch((error: unknown) => fails(request, error));
    } catch (error) {
      return fails(request, error);
    }
  };
  return (request) => dispatch(request, answer);
}
