import type { ReadableStream } from 'node:stream/web';
import { tagOf } from './brand.ts';

/** A body that the host holds and that nobody has read yet. Exactly one of `bytes` and `chunks` is called, once. */
export interface BodySource {
  /** Declared length in bytes; `undefined` when only the end will tell. */
  readonly length: number | undefined;
  bytes(): Promise<Uint8Array>;
  /** The parts as they arrive. Not asking for the next one holds the sender back. */
  chunks(): AsyncIterable<Uint8Array>;
}

/** Everything a body can be made from. */
export type BodyLike =
  | NonNullable<RequestInit['body']>
  | ReadableStream
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array>
  | BodyPayload;

/** A body at rest: what is left after forms and buffers became text, bytes or a stream. */
export type BodyPayload = string | Uint8Array | Blob | ReadableStream | AsyncIterable<unknown> | BodySource;

/** A payload with the content type that goes with it. */
export interface TypedPayload {
  readonly payload: BodyPayload | null;
  readonly contentType: string | undefined;
}

const textType = 'text/plain;charset=UTF-8';
const sourceOfStream = new WeakMap<object, BodySource>();

/** The body of one request or answer: readable once, in whichever form is asked for first. */
export class HotBody {
  readonly #payload: BodyPayload | null;
  #stream: ReadableStream | undefined;
  #used: boolean;

  constructor(payload: BodyPayload | null, used = false) {
    this.#payload = payload;
    this.#used = used;
  }

  get used(): boolean {
    return this.#used || (this.#stream !== undefined && isDisturbed(this.#stream));
  }

  /** Whether there is none; asking makes nothing. */
  get isAbsent(): boolean {
    return this.#payload === null;
  }

  /** The body as a web stream, always the same one; `null` without a body. */
  get stream(): ReadableStream | null {
    if (this.#payload === null) return null;
    this.#stream ??= streamOf(this.#payload);
    return this.#stream;
  }

  /**
   * Hands the payload over, unread, to whoever passes it on.
   *
   * @throws TypeError when it was read or handed over before
   */
  take(): BodyPayload | null {
    if (this.#payload === null) return null;
    if (this.used || this.#stream?.locked) throw usedBody();
    this.#used = true;
    return this.#stream ?? this.#payload;
  }

  /** Splits an unread body in two. This one goes on with the first half, the answer is the second. */
  split(): { readonly mine: HotBody; readonly copy: HotBody } {
    const payload = this.take();
    if (payload === null || typeof payload === 'string' || payload instanceof Uint8Array || isBlob(payload)) {
      return { mine: new HotBody(payload), copy: new HotBody(payload) };
    }
    const [first, second] = streamOf(payload).tee();
    return { mine: new HotBody(first), copy: new HotBody(second) };
  }

  async text(): Promise<string> {
    const payload = this.take();
    if (payload === null) return '';
    return typeof payload === 'string' ? payload : decode(await collect(payload));
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const payload = this.take();
    if (payload === null) return new Uint8Array();
    const bytes = await collect(payload);
    // A copy: the memory may be a part of Node's pool, or the author's own.
    return new Uint8Array(bytes);
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).buffer;
  }

  async blob(contentType: string | null): Promise<Blob> {
    return new Blob([await this.bytes()], { type: contentType ?? '' });
  }

  async formData(contentType: string | null): Promise<FormData> {
    return new Response(await this.bytes(), { headers: { 'content-type': contentType ?? '' } }).formData();
  }

  textStream(): ReadableStream<string> {
    return (this.stream ?? streamOf('')).pipeThrough(new TextDecoderStream());
  }
}

/** What a body is made of, with its content type. Forms are encoded here. */
export function payloadOf(body: BodyLike | null | undefined): TypedPayload {
  if (body === null || body === undefined) return { payload: null, contentType: undefined };
  if (typeof body === 'string') return { payload: body, contentType: textType };
  if (body instanceof Uint8Array) return { payload: body, contentType: undefined };
  if (body instanceof ArrayBuffer) return { payload: new Uint8Array(body), contentType: undefined };
  if (ArrayBuffer.isView(body)) {
    return { payload: new Uint8Array(body.buffer, body.byteOffset, body.byteLength), contentType: undefined };
  }
  if (isBlob(body)) return { payload: body, contentType: body.type === '' ? undefined : body.type };
  if (isForm(body)) {
    const encoded = new Response(body);
    return { payload: encoded.body, contentType: encoded.headers.get('content-type') ?? undefined };
  }
  if (tagOf(body) === 'URLSearchParams') {
    return { payload: String(body), contentType: 'application/x-www-form-urlencoded;charset=UTF-8' };
  }
  if (isSource(body)) return { payload: body, contentType: undefined };
  if (Symbol.asyncIterator in body) return { payload: body, contentType: undefined };
  if (Symbol.iterator in body) return { payload: eachOf(body as Iterable<unknown>), contentType: undefined };
  return { payload: String(body), contentType: textType };
}

/** The host's unread body behind a stream made from it, or behind a payload: what may be spliced without a reader. */
export function untouchedSource(payload: BodyPayload | null): BodySource | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined;
  if (isSource(payload)) return payload;
  const source = sourceOfStream.get(payload);
  return source !== undefined && !isDisturbed(payload as ReadableStream) ? source : undefined;
}

/** Whether a payload is a host's body that nobody has read. */
export function isSource(payload: object): payload is BodySource {
  return 'chunks' in payload && 'bytes' in payload && !isBlob(payload);
}

/** Whether a payload is a native `Blob`; asking loads nothing. */
export function isBlob(value: object): value is Blob {
  const tag = tagOf(value);
  return tag === 'Blob' || tag === 'File';
}

function isForm(value: object): value is FormData {
  return tagOf(value) === 'FormData';
}

function usedBody(): TypeError {
  return new TypeError('Body is unusable: Body has already been read');
}

async function* eachOf(parts: Iterable<unknown>): AsyncGenerator {
  yield* parts;
}

async function collect(payload: BodyPayload): Promise<Uint8Array> {
  if (typeof payload === 'string') return Buffer.from(payload);
  if (payload instanceof Uint8Array) return payload;
  if (isBlob(payload)) return new Uint8Array(await payload.arrayBuffer());
  const source = untouchedSource(payload);
  if (source !== undefined) return source.bytes();
  const parts: Uint8Array[] = [];
  for await (const part of payload as AsyncIterable<unknown>) parts.push(bytesOf(part));
  return Buffer.concat(parts);
}

/**
 * One part of a streamed body as bytes.
 *
 * @throws TypeError for anything but bytes and text
 */
export function bytesOf(part: unknown): Uint8Array {
  if (part instanceof Uint8Array) return part;
  if (typeof part === 'string') return Buffer.from(part);
  if (part instanceof ArrayBuffer) return new Uint8Array(part);
  throw new TypeError(`a body is made of bytes or text; a part of it was of type ${typeof part}`);
}

function decode(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function streamOf(payload: BodyPayload): ReadableStream {
  if (typeof payload === 'object' && tagOf(payload) === 'ReadableStream') return payload as ReadableStream;
  if (typeof payload === 'object' && isBlob(payload)) return payload.stream();
  const stream = pulled(chunksOf(payload));
  if (typeof payload === 'object' && isSource(payload)) sourceOfStream.set(stream, payload);
  return stream;
}

function chunksOf(payload: BodyPayload): () => AsyncIterator<unknown> {
  if (typeof payload === 'string') return () => eachOf(payload === '' ? [] : [payload]);
  if (payload instanceof Uint8Array) return () => eachOf([payload]);
  if (isSource(payload)) return () => payload.chunks()[Symbol.asyncIterator]();
  return () => (payload as AsyncIterable<unknown>)[Symbol.asyncIterator]();
}

/** A stream that asks for nothing before somebody reads it, so that an untouched one can still be spliced. */
function pulled(open: () => AsyncIterator<unknown>): ReadableStream {
  let parts: AsyncIterator<unknown> | undefined;
  return new globalThis.ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        parts ??= open();
        const { done, value } = await parts.next();
        if (done) controller.close();
        else controller.enqueue(bytesOf(value));
      },
      async cancel() {
        await parts?.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

function isDisturbed(stream: ReadableStream): boolean {
  // Asked for only when a stream exists, so that a guest that never streams does not load the module.
  return stream.locked || process.getBuiltinModule('node:stream').Readable.isDisturbed(stream);
}
