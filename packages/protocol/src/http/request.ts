import type { ReadableStream } from 'node:stream/web';
import { HotBody, payloadOf } from './body.ts';
import type { BodyLike, BodyPayload, BodySource } from './body.ts';
import { isBranded } from './brand.ts';
import { HotHeaders } from './headers.ts';
import type { HeaderInit } from './headers.ts';

/** Where a request comes from. A host implements it; every member is read on first touch and then at most once. */
export interface RequestSource {
  readonly method: string;
  /** Scheme and authority, such as `http://example.test:8080`. */
  readonly origin: string;
  /** Path and query as routed: starts with `/`, dot segments are resolved. */
  readonly target: string;
  /** Names and values in turn, already checked by a parser. */
  readonly rawHeaders: readonly string[];
  /** `undefined` when the request has no body. */
  readonly body: BodySource | undefined;
  readonly requestId: string;
  /** The client's address; behind a trusted proxy, the one that the proxy names. */
  readonly remoteAddress: string | undefined;
  /** Aborted when the client left before the answer was complete. */
  readonly signal: AbortSignal;
  /** From now on a body of more bytes than these fails to be read. Never raises a limit. */
  limitBody(bytes: number): void;
}

/** What to change in a request that is handed on. */
export interface HotRequestInit {
  readonly method?: string;
  readonly headers?: HeaderInit;
  readonly body?: BodyLike | null;
  readonly signal?: AbortSignal | null;
}

const brand: unique symbol = Symbol.for('hotswap.http.request') as never;
const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
const plainMethods: readonly string[] = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT'];

/**
 * `Request` as plugins see it: the fetch interface, with url, headers, body and signal made on first touch.
 *
 * It carries what HTTP carries: TRACE, and GET with a body. An unread body is handed on by reference.
 */
export class HotRequest implements Request {
  readonly method: string;
  /** The host's side of the request; `undefined` for one that an author made from an address. */
  readonly source: RequestSource | undefined;
  readonly #init: HotRequestInit | undefined;
  #url: string | undefined;
  #headers: HotHeaders | undefined;
  #body: HotBody | undefined;
  #signal: AbortSignal | undefined;

  constructor(input: RequestSource | Request | URL | string, init?: HotRequestInit) {
    this.#init = init;
    if (typeof input === 'object' && 'rawHeaders' in input) {
      this.source = input;
      this.method = init?.method === undefined ? input.method : checkedMethod(init.method);
    } else if (typeof input === 'string' || input instanceof URL) {
      this.source = undefined;
      this.method = checkedMethod(init?.method ?? 'GET');
      this.#url = new URL(input).href;
    } else {
      this.source = #init in input ? input.source : undefined;
      this.method = checkedMethod(init?.method ?? input.method);
      this.#url = this.source === undefined || (#init in input && input.#url !== undefined) ? input.url : undefined;
      this.#headers = new HotHeaders(init?.headers ?? input.headers);
      this.#signal = init?.signal ?? (this.source === undefined ? input.signal : undefined);
      if (init?.body === undefined) this.#body = new HotBody(takeBody(input));
    }
    if (init?.body !== undefined) this.#setBody(init.body);
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    if (this !== HotRequest) return Function.prototype[Symbol.hasInstance].call(this, value);
    return isBranded(value, brand, 'Request');
  }

  /** The same request as one of ours: itself, or a wrapper around a native one, whose body it takes over. */
  static from(request: Request): HotRequest {
    return #init in request ? request : new HotRequest(request);
  }

  get [brand](): true {
    return true;
  }

  get [Symbol.toStringTag](): string {
    return 'Request';
  }

  get url(): string {
    this.#url ??= this.source === undefined ? '' : this.source.origin + this.source.target;
    return this.#url;
  }

  /** Path and query: what the router reads. Never makes `url`. */
  get target(): string {
    if (this.source !== undefined && this.#url === undefined) return this.source.target;
    const { pathname, search } = new URL(this.url);
    return pathname + search;
  }

  get headers(): HotHeaders {
    if (this.#headers === undefined) {
      const given = this.#init?.headers;
      const raw = this.source?.rawHeaders;
      this.#headers = given === undefined && raw !== undefined ? HotHeaders.fromRaw(raw) : new HotHeaders(given);
    }
    return this.#headers;
  }

  get signal(): AbortSignal {
    this.#signal ??= this.#init?.signal ?? this.source?.signal ?? new AbortController().signal;
    return this.#signal;
  }

  /**
   * Hands the unread body over: to the next request made from this one, or across a boundary.
   *
   * @throws TypeError when it was read or handed over before
   */
  take(): BodyPayload | null {
    return this.#opened().take();
  }

  /** Whether there is a body, read or not. Unlike `body`, asking makes nothing. */
  get hasBody(): boolean {
    return !this.#opened().isAbsent;
  }

  get body(): ReadableStream | null {
    return this.#opened().stream;
  }

  get bodyUsed(): boolean {
    return this.#opened().used;
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#opened().arrayBuffer();
  }

  blob(): Promise<Blob> {
    return this.#opened().blob(this.headers.get('content-type'));
  }

  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#opened().bytes();
  }

  formData(): Promise<FormData> {
    return this.#opened().formData(this.headers.get('content-type'));
  }

  json(): Promise<unknown> {
    return this.#opened().json();
  }

  text(): Promise<string> {
    return this.#opened().text();
  }

  textStream(): ReadableStream<string> {
    return this.#opened().textStream();
  }

  clone(): HotRequest {
    const { mine, copy } = this.#opened().split();
    this.#body = mine;
    const twin = new HotRequest(this.source ?? this.url, { method: this.method, headers: this.headers });
    twin.#url = this.#url;
    twin.#signal = this.#signal;
    twin.#body = copy;
    return twin;
  }

  get cache(): 'default' {
    return 'default';
  }

  get credentials(): 'same-origin' {
    return 'same-origin';
  }

  get destination(): '' {
    return '';
  }

  get duplex(): 'half' {
    return 'half';
  }

  get integrity(): string {
    return '';
  }

  get keepalive(): boolean {
    return false;
  }

  get mode(): 'cors' {
    return 'cors';
  }

  get redirect(): 'follow' {
    return 'follow';
  }

  get referrer(): string {
    return 'about:client';
  }

  get referrerPolicy(): '' {
    return '';
  }

  #opened(): HotBody {
    this.#body ??= new HotBody(this.source?.body ?? null);
    return this.#body;
  }

  #setBody(body: BodyLike | null): void {
    const { payload, contentType } = payloadOf(body);
    this.#body = new HotBody(payload);
    if (contentType !== undefined && !this.headers.has('content-type')) this.headers.set('content-type', contentType);
  }
}

function takeBody(request: Request): BodyPayload | null {
  if (request instanceof HotRequest && 'take' in request) return request.take();
  if (request.bodyUsed) throw new TypeError('Body is unusable: Body has already been read');
  return request.body;
}

function checkedMethod(method: string): string {
  if (!token.test(method)) throw new TypeError(`${JSON.stringify(method)} is not an HTTP method`);
  const upper = method.toUpperCase();
  return plainMethods.includes(upper) ? upper : method;
}
