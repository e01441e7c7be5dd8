import type { IncomingMessage, ServerResponse } from 'node:http';
import { isCodedError, messageOf } from '@hotswap/protocol';
import { HotRequest } from '@hotswap/protocol/http';
import type { HotResponse } from '@hotswap/protocol/http';
import type { Logger, MaybePromise } from '@hotswap/sdk';
import { fail } from '../errors.ts';
import { logAccess } from './access-log.ts';
import type { AccessEntry } from './access-log.ts';
import { writeAnswer } from './answer/write-answer.ts';
import { NodeRequestSource } from './arrival/node-request-source.ts';
import type { Edge } from './arrival/node-request-source.ts';
import { createRequestIds } from './arrival/request-ids.ts';
import { trustedProxies } from './arrival/trusted-proxies.ts';
import { errorResponse } from './error-response.ts';
import type { Dispatch, Exchange } from './exchange.ts';

export interface ListenerOptions {
  /** Largest request body in bytes; default 10 MB. More is answered 413. */
  readonly maxBodyBytes?: number;
  /** Longest path and query in bytes; default 8 KB. More is answered 414. */
  readonly maxUrlBytes?: number;
  /** Addresses and ranges whose `x-forwarded-*`, `x-request-id`, tenant and version fields are believed; default none. */
  readonly trustedProxies?: readonly string[];
  /** Milliseconds a client may take no byte of a stream before it is cut off; default 30,000. */
  readonly stallTimeoutMs?: number;
  /** Management pages share this origin: answers get `CSP: sandbox` and lose their cookies; default false. */
  readonly isSharedOrigin?: boolean;
  readonly log?: Logger;
  /** Called once for each request, when its answer is complete or its client left. */
  readonly accessLog?: (entry: AccessEntry) => void;
}

/** What `next` is in Connect and Express. */
export type NextMiddleware = (error?: unknown) => void;

/** Answers requests of `node:http` and `node:https`, and of anything that takes Connect middleware. */
export interface NodeListener {
  (request: IncomingMessage, response: ServerResponse, next?: NextMiddleware): void;
  /** For the server's `checkContinue` event: `100 Continue` is sent when a plugin asks for the body, and not before. */
  onContinue(request: IncomingMessage, response: ServerResponse): void;
  /** From now on each answer ends its connection. */
  drain(): void;
}

/** Whether the plugins answered, or left the request to the host. */
export type NodeOutcome = 'answered' | 'passed';

/** Sends one Node request through the plugins; settles when the answer is written. Never throws, never rejects. */
export interface NodeResponder {
  respond(request: IncomingMessage, response: ServerResponse, awaitsContinue?: boolean): MaybePromise<NodeOutcome>;
  drain(): void;
}

/**
 * Makes the request listener of a Node server. Where no plugin answers it calls `next`, or answers 404 without one.
 *
 * @example
 * http.createServer(createNodeListener(dispatch)).listen(8080);
 */
export function createNodeListener(dispatch: Dispatch, options: ListenerOptions = {}): NodeListener {
  const responder = createNodeResponder(dispatch, options);
  const listener = (request: IncomingMessage, response: ServerResponse, next?: NextMiddleware): void => {
    const outcome = responder.respond(request, response);
    if (outcome === 'passed') goOn(response, next);
    else if (outcome !== 'answered') void outcome.then((late) => late === 'passed' && goOn(response, next));
  };
  const onContinue = (request: IncomingMessage, response: ServerResponse): void => {
    const outcome = responder.respond(request, response, true);
    if (outcome === 'passed') goOn(response, undefined);
    else if (outcome !== 'answered') void outcome.then((late) => late === 'passed' && goOn(response, undefined));
  };
  return Object.assign(listener, { onContinue, drain: () => responder.drain() });
}

/** The part under every adapter of a Node framework. */
export function createNodeResponder(dispatch: Dispatch, options: ListenerOptions = {}): NodeResponder {
  return new EdgeResponder(dispatch, options);
}

function goOn(response: ServerResponse, next: NextMiddleware | undefined): void {
  if (next !== undefined) return next();
  response.writeHead(404, { 'content-type': 'text/plain;charset=UTF-8', 'content-length': 9 }).end('Not Found');
}

/** One request on its way: what is needed to answer it and to end it. */
interface Turn {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly source: NodeRequestSource;
}

class EdgeResponder implements NodeResponder, Edge {
  readonly maxBodyBytes: number;
  readonly trusts: Edge['trusts'];
  readonly nextRequestId = createRequestIds();
  readonly #maxUrlBytes: number;
  readonly #stallTimeoutMs: number;
  readonly #isSharedOrigin: boolean;
  readonly #dispatch: Dispatch;
  readonly #log: Logger | undefined;
  readonly #accessLog: ListenerOptions['accessLog'];
  #isDraining = false;

  constructor(dispatch: Dispatch, options: ListenerOptions) {
    this.#dispatch = dispatch;
    this.maxBodyBytes = options.maxBodyBytes ?? 10 * 1024 * 1024;
    this.#maxUrlBytes = options.maxUrlBytes ?? 8 * 1024;
    this.trusts = trustedProxies(options.trustedProxies ?? []);
    this.#stallTimeoutMs = options.stallTimeoutMs ?? 30_000;
    this.#isSharedOrigin = options.isSharedOrigin ?? false;
    this.#log = options.log;
    this.#accessLog = options.accessLog;
  }

  drain(): void {
    this.#isDraining = true;
  }

  respond(request: IncomingMessage, response: ServerResponse, awaitsContinue = false): MaybePromise<NodeOutcome> {
    const source = new NodeRequestSource(request, response, this, awaitsContinue);
    const turn: Turn = { request, response, source };
    if (this.#accessLog !== undefined) logAccess(request, response, source, this.#accessLog);
    const refusal = this.#refusal(turn);
    if (refusal !== undefined) return this.#fail(turn, refusal, true);
    let exchange: Exchange;
    try {
      exchange = this.#dispatch(new HotRequest(source));
    } catch (error) {
      return this.#fail(turn, error);
    }
    const { answer } = exchange;
    if (answer instanceof Promise) return this.#answerLater(turn, exchange, answer);
    if (answer === undefined) {
      exchange.close();
      return 'passed';
    }
    return this.#answer(turn, exchange, answer);
  }

  #refusal({ request, source }: Turn): Error | undefined {
    if ((request.url?.length ?? 0) > this.#maxUrlBytes) return fail('URL_TOO_LONG', { limit: this.#maxUrlBytes });
    const length = source.body?.length ?? 0;
    return length > this.maxBodyBytes ? fail('BODY_TOO_LARGE', { limit: this.maxBodyBytes }) : undefined;
  }

  /** The hot path: for text and bytes there is no promise, no timer and no copy. */
  #answer(turn: Turn, exchange: Exchange, answer: HotResponse): MaybePromise<NodeOutcome> {
    try {
      const written = this.#write(turn, answer, exchange);
      if (written !== undefined) return this.#followStream(turn, exchange, written);
    } catch (error) {
      exchange.close();
      return this.#fail(turn, error);
    }
    exchange.close();
    turn.source.body?.settle();
    return 'answered';
  }

  async #answerLater(turn: Turn, exchange: Exchange, answer: Promise<HotResponse | undefined>): Promise<NodeOutcome> {
    const onClose = this.#watchClient(turn, exchange);
    let response: HotResponse | undefined;
    try {
      response = await answer;
    } catch (error) {
      exchange.close();
      return this.#fail(turn, error);
    } finally {
      turn.response.off('close', onClose);
    }
    if (response === undefined) {
      exchange.close();
      return 'passed';
    }
    return this.#answer(turn, exchange, response);
  }

  async #followStream(turn: Turn, exchange: Exchange, written: Promise<void>): Promise<NodeOutcome> {
    const onClose = this.#watchClient(turn, exchange);
    try {
      await written;
    } catch (error) {
      this.#report(turn, error);
    } finally {
      turn.response.off('close', onClose);
      exchange.close();
    }
    turn.source.body?.settle();
    return 'answered';
  }

  #watchClient({ response, source }: Turn, exchange: Exchange): () => void {
    const onClose = (): void => {
      if (response.writableEnded) return;
      const reason = fail('CLIENT_LEFT');
      exchange.abort(reason);
      source.abort(reason);
    };
    response.on('close', onClose);
    if (response.destroyed) onClose();
    return onClose;
  }

  #write(
    { request, response, source }: Turn,
    answer: HotResponse,
    exchange: Exchange | undefined,
    mustClose = false,
  ): void | Promise<void> {
    return writeAnswer(response, answer, {
      isHead: request.method === 'HEAD',
      mustClose: mustClose || this.#isDraining || (source.body?.endsConnection ?? false),
      isSharedOrigin: this.#isSharedOrigin,
      stallTimeoutMs: this.#stallTimeoutMs,
      exchange,
    });
  }

  #fail(turn: Turn, error: unknown, mustClose = false): MaybePromise<NodeOutcome> {
    this.#report(turn, error);
    const { response, source } = turn;
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return 'answered';
    }
    // An error body is text with fields of our own: it is written at once and cannot fail.
    void this.#write(turn, errorResponse(error, source.requestId), undefined, mustClose);
    source.body?.settle();
    return 'answered';
  }

  #report({ request, response, source }: Turn, error: unknown): void {
    if (this.#log === undefined) return;
    const code = isCodedError(error) ? error.code : 'PLUGIN_FAULT';
    const isOurs = !isCodedError(error) || error.kind === 'plugin-fault' || error.kind === 'internal';
    const fields = { code, requestId: source.requestId, method: request.method, status: response.statusCode };
    if (isOurs) this.#log.error({ ...fields, err: error }, `answered with an error: ${messageOf(error)}`);
    else this.#log.debug(fields, `answered with an error: ${messageOf(error)}`);
  }
}
