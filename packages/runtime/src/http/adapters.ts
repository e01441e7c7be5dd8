import type { IncomingMessage, ServerResponse } from 'node:http';
import { createNodeListener, createNodeResponder } from './node-listener.ts';
import type { ListenerOptions, NodeListener } from './node-listener.ts';
import type { Dispatch } from './exchange.ts';

/** What is used of a Fastify instance. */
export interface FastifyLike {
  addHook(
    name: 'onRequest',
    hook: (
      request: { readonly raw: IncomingMessage },
      reply: { readonly raw: ServerResponse; hijack(): unknown },
    ) => Promise<void>,
  ): unknown;
}

/** A plugin for `fastify.register`. */
export type FastifyPlugin = (fastify: FastifyLike) => Promise<void>;

/** What is used of a Koa context. */
export interface KoaContextLike {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  respond?: boolean;
}

export type KoaMiddleware = (context: KoaContextLike, next: () => Promise<unknown>) => Promise<void>;

/**
 * Middleware for Express and Connect. Mount it before body parsers. Below a mount path plugins see the path that is
 * left, as Express itself shows it.
 */
export function expressMiddleware(dispatch: Dispatch, options?: ListenerOptions): NodeListener {
  return createNodeListener(dispatch, options);
}

/** A Fastify plugin that asks the plugins before the body is parsed; what they do not answer goes on to Fastify's routes. */
export function fastifyPlugin(dispatch: Dispatch, options?: ListenerOptions): FastifyPlugin {
  const responder = createNodeResponder(dispatch, options);
  const register = async (fastify: FastifyLike): Promise<void> => {
    fastify.addHook('onRequest', async (request, reply) => {
      if ((await responder.respond(request.raw, reply.raw)) === 'answered') reply.hijack();
    });
  };
  // Fastify's own mark for a plugin whose hooks hold for the instance that registers it, not only inside the plugin.
  return Object.assign(register, { [Symbol.for('skip-override')]: true });
}

/** Middleware for Koa. What the plugins do not answer goes on to the next middleware. */
export function koaMiddleware(dispatch: Dispatch, options?: ListenerOptions): KoaMiddleware {
  const responder = createNodeResponder(dispatch, options);
  return async (context, next) => {
    if ((await responder.respond(context.req, context.res)) === 'answered') context.respond = false;
    else await next();
  };
}
