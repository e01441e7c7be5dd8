import type { ReadableStream } from 'node:stream/web';
import { HotBody, payloadOf } from './body.ts';
import type { BodyLike, BodyPayload } from './body.ts';
import { isBranded } from './brand.ts';
import { flattenFields, hasField, HotHeaders } from './headers.ts';
import type { HeaderInit } from './headers.ts';

/** Status and header fields of an answer. Unlike the native class, status 101 is a status like others. */
export interface HotResponseInit {
  readonly status?: number;
  readonly statusText?: string;
  readonly headers?: HeaderInit;
}

const brand: unique symbol = Symbol.for('hotswap.http.response') as never;
const redirectStatuses: readonly number[] = [301, 302, 303, 307, 308];

/**
 * `Response` as plugins see it: the fetch interface, with every part made on first touch.
 *
 * What is handed to the constructor is kept as it is; header fields are checked when somebody looks or when they are sent.
 */
export class HotResponse implements Response {
  readonly status: number;
  readonly statusText: string;
  readonly #payload: BodyPayload | null;
  #contentType: string | undefined;
  readonly #fields: HeaderInit | undefined;
  #headers: HotHeaders | undefined;
  #body: HotBody | undefined;
  #taken = false;
  #type: 'default' | 'error' = 'default';

  constructor(body?: BodyLike | null, init?: HotResponseInit) {
    this.status = init?.status ?? 200;
    if (!(this.status >= 100 && this.status <= 599)) throw new RangeError(`${this.status} is not an HTTP status`);
    this.statusText = init?.statusText ?? '';
    this.#fields = init?.headers;
    const { payload, contentType } = payloadOf(body);
    this.#payload = payload;
    this.#contentType = contentType;
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    if (this !== HotResponse) return Function.prototype[Symbol.hasInstance].call(this, value);
    return isBranded(value, brand, 'Response');
  }

  /** A JSON answer. */
  static json(data: unknown, init?: HotResponseInit): HotResponse {
    const text = JSON.stringify(data);
    if (text === undefined) throw new TypeError('the value has no JSON form');
    const response = new HotResponse(text, init);
    // Stands for the type that goes with text; a content-type among the given fields outranks it.
    response.#contentType = 'application/json';
    return response;
  }

  static redirect(url: string | URL, status = 302): HotResponse {
    if (!redirectStatuses.includes(status)) throw new RangeError(`${status} is not a redirect status`);
    return new HotResponse(null, {
      status,
      headers: { location: URL.canParse(url) ? new URL(url).href : String(url) },
    });
  }

  /** What stands for a failed fetch. A host never sends it: it answers 502 in its place. */
  static error(): HotResponse {
    const response = new HotResponse(null, { status: 502 });
    response.#type = 'error';
    return response;
  }

  /** The same answer as one of ours: itself, or a wrapper around a native one that keeps its body a stream. */
  static from(response: Response): HotResponse {
    if (#payload in response) return response;
    const { status, statusText, headers, body } = response;
    if (response.bodyUsed) throw new TypeError('Body is unusable: Body has already been read');
    const wrapped = new HotResponse(body, { status: status === 0 ? 502 : status, statusText, headers: [...headers] });
    if (response.type === 'error') wrapped.#type = 'error';
    return wrapped;
  }

  get [brand](): true {
    return true;
  }

  get [Symbol.toStringTag](): string {
    return 'Response';
  }

  get ok(): boolean {
    return this.status >= 200 && this.status <= 299;
  }

  get type(): 'default' | 'error' {
    return this.#type;
  }

  get url(): string {
    return '';
  }

  get redirected(): boolean {
    return false;
  }

  get headers(): HotHeaders {
    if (this.#headers === undefined) {
      this.#headers = new HotHeaders(this.#fields);
      if (this.#contentType !== undefined && !this.#headers.has('content-type')) {
        this.#headers.set('content-type', this.#contentType);
      }
    }
    return this.#headers;
  }

  /** The fields to send, as a fresh flat list of names and values. Not checked unless `headers` was touched. */
  headerList(): string[] {
    if (this.#headers !== undefined) return this.#headers.toRaw();
    const list = this.#fields === undefined ? [] : flattenFields(this.#fields);
    if (this.#contentType !== undefined && !hasField(list, 'content-type'))
      list.push('content-type', this.#contentType);
    return list;
  }

  /**
   * Hands the body over to be sent.
   *
   * @throws TypeError when it was read or sent before
   */
  take(): BodyPayload | null {
    if (this.#body !== undefined || this.#taken) return this.#opened().take();
    this.#taken = true;
    return this.#payload;
  }

  /** Whether there is a body, read or not. Unlike `body`, asking makes nothing. */
  get hasBody(): boolean {
    return this.#payload !== null || this.#body?.isAbsent === false;
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

  clone(): HotResponse {
    const { mine, copy } = this.#opened().split();
    this.#body = mine;
    const twin = new HotResponse(null, { status: this.status, statusText: this.statusText, headers: this.headers });
    twin.#body = copy;
    return twin;
  }

  #opened(): HotBody {
    this.#body ??= new HotBody(this.#payload, this.#taken && this.#payload !== null);
    return this.#body;
  }
}
