import { HotResponse } from '@hotswap/protocol/http';
import type { Logger, MaybePromise } from '@hotswap/sdk';
import { expressMiddleware, type FastifyPlugin, fastifyPlugin, type KoaMiddleware, koaMiddleware } from './adapters.ts';
import type { Dispatch } from './exchange.ts';
import { createFetchHandler } from './fetch-handler.ts';
import { createNodeListener, type ListenerOptions, type NodeListener } from './node-listener.ts';

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
}

/** Opens the plugins to every kind of server. */
export function createHttpFace(dispatch: Dispatch, log: Logger): HttpFace {
  return {
    listener: ({ fallback, ...options } = {}) =>
      createNodeListener(fallback ? withFallback(dispatch, fallback) : dispatch, { log, ...options }),
    express: (options) => expressMiddleware(dispatch, { log, ...options }),
    fastify: fastifyPlugin(dispatch, { log }),
    koa: (options) => koaMiddleware(dispatch, { log, ...options }),
    fetch: createFetchHandler(dispatch),
  };
}

function withFallback(dispatch: Dispatch, fallback: HostHandler): Dispatch {
  const answer = (request: Request): MaybePromise<HotResponse> => {
    const response = fallback(request);
    return response instanceof Promise ? response.then(HotResponse.from) : HotResponse.from(response);
  };
  return (request) => dispatch(request, answer);
}
