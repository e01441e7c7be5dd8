import { HotHeaders, HotRequest, HotResponse, type BodyPayload } from '@hotswap/protocol/http';
import type { MaybePromise, RequestInfo } from '@hotswap/sdk';
import { InvalidMessage, listOf, textOf, wholeOf } from '../../channel/bounds.ts';
import type { AbortFollower, InboundCall, PendingCall } from '../../channel/calls.ts';
import type { Channel } from '../../channel/channel.ts';
import type { Fields, WireRequest, WireResponse } from '../../channel/messages.ts';
import { RemoteBody } from '../../channel/bodies/remote-body.ts';

/** What can tell a call that is sent across that it shall be given up. */
export interface Followable {
  follow(follower: AbortFollower): void;
}

/** A header block larger than these is none. */
const mostFields = 4_000;
const longestField = 262_144;
const longestUrl = 65_536;
const mostNexts = 100;

const callOver = new Error('the call that this body belongs to is over');

/** What belongs to a request that was sent across, on the host's side: what may be asked back by its number. */
export class HttpCall {
  readonly request: HotRequest;
  readonly info: RequestInfo;
  readonly #next: ((request: HotRequest) => MaybePromise<HotResponse>) | undefined;
  readonly #behind = new Map<number, HotResponse>();
  readonly #held: number[] = [];
  #nexts = 0;
  #isOver = false;

  constructor(request: HotRequest, info: RequestInfo, next?: (request: HotRequest) => MaybePromise<HotResponse>) {
    this.request = request;
    this.info = info;
    this.#next = next;
  }

  /** The request as it crosses; its body stays here until it is asked for. */
  write(channel: Channel): WireRequest {
    const { request, info } = this;
    const body = request.hasBody ? channel.bodies.hold(request, undefined) : null;
    if (body !== null && 'held' in body) this.#held.push(body.held);
    const { requestId, tenant, params, client } = info;
    return [request.method, request.url, request.headers.toRaw(), body, requestId, client.address, tenant, params];
  }

  /** A head alone, for hooks. */
  writeHead(): WireRequest {
    const { request, info } = this;
    const { requestId, tenant, params, client } = info;
    return [request.method, request.url, request.headers.toRaw(), null, requestId, client.address, tenant, params];
  }

  /** Sends a middleware's request on; the answer's body stays here until it is asked for. */
  next(channel: Channel, handed: unknown, call: InboundCall): MaybePromise<WireResponse> {
    if (this.#next === undefined || this.#isOver || ++this.#nexts > mostNexts) {
      throw new InvalidMessage('next() of a call that is no middleware, or is over');
    }
    const answer = this.#next(handed === undefined ? this.request : readHanded(channel, handed, this.request));
    return answer instanceof Promise
      ? answer.then((response) => this.#cameBack(channel, response, call))
      : this.#cameBack(channel, answer, call);
  }

  /** The answer of that `next` call, with other header fields if there are any. */
  behind(id: unknown, fields: unknown): HotResponse {
    const response = typeof id === 'number' ? this.#behind.get(id) : undefined;
    if (response === undefined) throw new InvalidMessage('an answer of next() that never came');
    if (fields !== undefined) replaceFields(response.headers, fieldsOf(fields));
    return response;
  }

  /** Nothing of it can be asked for any more. */
  end(channel: Channel): void {
    this.#isOver = true;
    this.#behind.clear();
    for (const id of this.#held) channel.bodies.forget(id, callOver);
  }

  #cameBack(channel: Channel, response: HotResponse, call: InboundCall): WireResponse {
    let body: WireResponse[3] = null;
    if (response.hasBody && !this.#isOver) {
      const held = channel.bodies.hold(response, undefined);
      if ('held' in held) this.#held.push(held.held);
      body = held;
    }
    this.#behind.set(call.id, response);
    return [response.status, response.statusText, response.headers.toRaw(), body];
  }
}

/** Makes an answer of what a guest said. @throws InvalidMessage, RangeError */
export function readResponse(channel: Channel, wire: unknown, call: PendingCall): HotResponse {
  const [status, statusText, headers, body] = listOf(wire, 4);
  const fields = fieldsOf(headers);
  const init = {
    status: wholeOf(status, 999),
    statusText: textOf(statusText, 1_000),
    headers: HotHeaders.fromRaw(fields),
  };
  return new HotResponse(readBody(channel, body, call, fields), init);
}

/** A verdict of a request hook: an answer or none, and header fields that it changed. */
export function readVerdict(channel: Channel, wire: unknown, call: PendingCall, request: HotRequest): unknown {
  // As most hooks leave it.
  if (wire === undefined) return undefined;
  const [response, fields] = listOf(wire, 2);
  if (fields !== undefined) replaceFields(request.headers, fieldsOf(fields));
  return response === undefined ? undefined : readResponse(channel, response, call);
}

/** What a response hook made of a head; written into it. */
export function applyHead(wire: unknown, head: { status: number; readonly headers: HotHeaders }): void {
  if (wire === undefined) return;
  const [status, fields] = listOf(wire, 2);
  head.status = wholeOf(status, 999);
  if (fields !== undefined) replaceFields(head.headers, fieldsOf(fields));
}

/** A list of names and values in turn. @throws InvalidMessage */
export function fieldsOf(value: unknown): readonly string[] {
  const fields = listOf(value, mostFields);
  if (fields.length % 2 !== 0) throw new InvalidMessage('header fields come as names and values in turn');
  for (const text of fields) textOf(text, longestField);
  return fields as readonly string[];
}

/** A body that a guest sent: its own, or one of the host's that comes back unread. */
export function bodyOf(channel: Channel, body: unknown): BodyPayload | null {
  return channel.bodies.isOwn(body) ? channel.bodies.reclaim(body).take() : channel.bodies.fromWire(body);
}

/** A list of names and values as pairs. */
export function pairsOf(fields: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at < fields.length; at += 2) pairs.push([fields[at] ?? '', fields[at + 1] ?? '']);
  return pairs;
}

/** An address as a guest gives it. @throws InvalidMessage */
export function urlOf(value: unknown): string {
  return textOf(value, longestUrl);
}

function readHanded(channel: Channel, handed: unknown, given: HotRequest): HotRequest {
  const [method, url, headers, body] = listOf(handed, 4);
  const address = urlOf(url);
  const init = {
    method: textOf(method, 100),
    headers: new HotHeaders(pairsOf(fieldsOf(headers))),
    body: bodyOf(channel, body),
  };
  return address === given.url ? new HotRequest(given, init) : new HotRequest(address, init);
}

function readBody(channel: Channel, body: unknown, call: PendingCall, fields: Fields & object): BodyPayload | null {
  if (body === null || body instanceof Uint8Array) return body;
  // Text would bring a content type along, and this answer may be meant to have none.
  if (typeof body === 'string') return hasContentType(fields) ? body : Buffer.from(body);
  if (channel.bodies.isOwn(body)) return channel.bodies.reclaim(body).take();
  const payload = channel.bodies.fromWire(body, () => call.letGo());
  if (payload instanceof RemoteBody) call.hold();
  return payload;
}

function hasContentType(fields: readonly string[]): boolean {
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] ?? '';
    if (name.length === 12 && name.toLowerCase() === 'content-type') return true;
  }
  return false;
}

function replaceFields(headers: HotHeaders, fields: readonly string[]): void {
  for (const name of headers.keys()) headers.delete(name);
  for (const [name, value] of pairsOf(fields)) headers.append(name, value);
}
