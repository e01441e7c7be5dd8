import { HotRequest, isSource } from '@hotswap/protocol/http';
import type { BodyPayload, BodySource, HotResponse, RequestSource } from '@hotswap/protocol/http';
import { routedTarget, withoutProxyFields } from './arrival/arriving-fields.ts';
import { createRequestIds } from './arrival/request-ids.ts';
import { readerOf } from './answer/body-reader.ts';
import type { BodyReader } from './answer/body-reader.ts';
import { frameAnswer } from './answer/frame-answer.ts';
import { errorResponse } from './error-response.ts';
import type { Dispatch, Exchange } from './exchange.ts';
import { fail } from '../errors.ts';

export interface FetchHandlerOptions {
  /** Largest request body in bytes; default 10 MB. */
  readonly maxBodyBytes?: number;
  /** Whether a trusted proxy stands in front, so that its fields are believed; default false. */
  readonly isBehindTrustedProxy?: boolean;
}

/** Answers requests of servers that speak fetch. Where no plugin answers, it answers 404. */
export type FetchHandler = (request: Request) => Promise<Response>;

/**
 * Makes the handler for a fetch-style server.
 *
 * @example
 * honoApp.all('*', (c) => handler(c.req.raw));
 */
export function createFetchHandler(dispatch: Dispatch, options: FetchHandlerOptions = {}): FetchHandler {
  const nextRequestId = createRequestIds();
  const isTrusted = options.isBehindTrustedProxy ?? false;
  const limit = options.maxBodyBytes ?? 10 * 1024 * 1024;
  return async (request) => {
    const source = fetchSource(request, { isTrusted, requestId: nextRequestId(), limit });
    let exchange: Exchange | undefined;
    try {
      exchange = dispatch(new HotRequest(source));
      const { abort } = followClient(request, exchange);
      const answer = await exchange.answer;
      if (answer !== undefined) return nativeResponse(answer, request, { exchange, stopFollowing: abort });
      abort();
      exchange.close();
      return new Response('Not Found', { status: 404 });
    } catch (error) {
      exchange?.close();
      const failure = errorResponse(error, source.requestId);
      return new Response(await failure.text(), { status: failure.status, headers: [...failure.headers] });
    }
  };
}

interface SourceOptions {
  readonly isTrusted: boolean;
  readonly requestId: string;
  readonly limit: number;
}

function fetchSource(request: Request, { isTrusted, requestId, limit }: SourceOptions): RequestSource {
  const url = new URL(request.url);
  const fields = [...request.headers].flat();
  const body = request.body === null ? undefined : new FetchRequestBody(request, limit);
  return {
    method: request.method,
    origin: url.origin,
    target: routedTarget(url.pathname + url.search),
    rawHeaders: isTrusted ? fields : withoutProxyFields(fields),
    body,
    requestId: (isTrusted ? request.headers.get('x-request-id') : null) ?? requestId,
    remoteAddress: undefined,
    signal: request.signal,
    limitBody: (bytes) => body?.lowerLimit(bytes),
  };
}

class FetchRequestBody implements BodySource {
  readonly length: number | undefined;
  readonly #request: Request;
  #limit: number;

  constructor(request: Request, limit: number) {
    this.#request = request;
    this.#limit = limit;
    const declared = request.headers.get('content-length');
    this.length = declared === null ? undefined : Number(declared);
  }

  lowerLimit(bytes: number): void {
    this.#limit = Math.min(this.#limit, bytes);
  }

  async bytes(): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for await (const part of this.chunks()) parts.push(part);
    return Buffer.concat(parts);
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    if (this.#request.bodyUsed || this.#request.body === null) throw fail('BODY_ALREADY_READ');
    let received = 0;
    for await (const part of this.#request.body) {
      received += part.byteLength;
      if (received > this.#limit) throw fail('BODY_TOO_LARGE', { limit: this.#limit });
      yield part;
    }
  }
}

function followClient(request: Request, exchange: Exchange): { readonly abort: () => void } {
  const onAbort = (): void => exchange.abort(request.signal.reason);
  request.signal.addEventListener('abort', onAbort, { once: true });
  return { abort: () => request.signal.removeEventListener('abort', onAbort) };
}

interface Ending {
  readonly exchange: Exchange;
  readonly stopFollowing: () => void;
}

function nativeResponse(answer: HotResponse, request: Request, ending: Ending): Response {
  const payload = answer.take();
  const isHead = request.method === 'HEAD';
  const { fields, hasBody } = frameAnswer(answer, payload, { isHead, mustClose: false, isSharedOrigin: false });
  const headers = new Headers();
  for (let i = 0; i < fields.length; i += 2) headers.append(fields[i] ?? '', fields[i + 1] ?? '');
  const init = { status: answer.status, statusText: answer.statusText, headers };
  const end = (): void => {
    ending.stopFollowing();
    ending.exchange.close();
  };
  if (isStreamed(payload)) {
    const reader = readerOf(payload);
    if (hasBody) return new Response(streamed(reader, ending.exchange, end), init);
    reader.cancel(undefined);
  }
  const response = new Response(hasBody && !isStreamed(payload) ? payload : null, init);
  end();
  return response;
}

function isStreamed(payload: BodyPayload | null): payload is Exclude<BodyPayload, string | Uint8Array> {
  return typeof payload === 'object' && payload !== null && (!(payload instanceof Uint8Array) || isSource(payload));
}

function streamed(reader: BodyReader, exchange: Exchange, end: () => void): ReadableStream<Uint8Array> {
  let isCut = false;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        exchange.whenCutOff((reason) => {
          isCut = true;
          reader.cancel(reason);
          controller.error(reason);
          end();
        });
      },
      async pull(controller) {
        try {
          const part = await reader.next();
          if (isCut) return;
          if (part !== undefined) return controller.enqueue(part);
          controller.close();
        } catch (error) {
          controller.error(error);
        }
        end();
      },
      cancel(reason) {
        reader.cancel(reason);
        end();
      },
    },
    { highWaterMark: 0 },
  );
}
