import { HotRequest, HotResponse, type BodySource, type RequestSource } from '@hotswap/protocol/http';
import type { RequestInfo } from '@hotswap/sdk';
import type { InboundCall, PendingCall } from '../../channel/calls.ts';
import type { Channel } from '../../channel/channel.ts';
import type { Fields, WireHanded, WireRequest, WireResponse } from '../../channel/messages.ts';
import { RemoteBody } from '../../channel/bodies/remote-body.ts';
import { fail } from '../../errors.ts';

/** A request that came over a channel: its source, and what its handler knows beside it. */
export class CrossedRequest implements RequestSource, RequestInfo {
  readonly method: string;
  readonly rawHeaders: readonly string[];
  readonly body: BodySource | undefined;
  readonly requestId: string;
  readonly tenant: string | undefined;
  readonly params: Readonly<Record<string, string>>;
  readonly client: { readonly address: string };
  readonly #url: string;
  readonly #call: InboundCall;
  readonly #channel: Channel;
  #draining: AbortController | undefined;

  constructor(channel: Channel, call: InboundCall, request: WireRequest) {
    const [method, url, headers, body, requestId, address, tenant, params = {}] = request;
    this.method = method;
    this.rawHeaders = headers;
    const payload = body === null ? null : channel.bodies.fromWire(body);
    this.body = payload instanceof RemoteBody ? payload : undefined;
    this.requestId = requestId;
    this.tenant = tenant;
    this.params = params;
    this.client = { address };
    this.#url = url;
    this.#call = call;
    this.#channel = channel;
  }

  get origin(): string {
    return this.#url.slice(0, this.#pathStart);
  }

  get target(): string {
    return this.#url.slice(this.#pathStart);
  }

  get remoteAddress(): string {
    return this.client.address;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  get draining(): AbortSignal {
    if (this.#draining === undefined) {
      const controller = new AbortController();
      this.#call.onDrain = () => controller.abort(new Error('the generation is being drained'));
      this.#draining = controller;
      this.#channel.tell(['watch-drain', this.#call.id]);
    }
    return this.#draining.signal;
  }

  /** The host holds it to its limit. */
  limitBody(): void {}

  get #pathStart(): number {
    const start = this.#url.indexOf('/', this.#url.indexOf('://') + 3);
    return start === -1 ? this.#url.length : start;
  }
}

/** The answer of a handler as it crosses. @throws HANDLER_ANSWER_INVALID, RESPONSE_BODY_USED */
export function writeResponse(channel: Channel, call: InboundCall, answer: unknown, plugin: string): WireResponse {
  const response = asResponse(answer, plugin);
  const payload = takePayload(response);
  const body = channel.bodies.toWire(payload, () => call.letGo());
  // As long as its body flows, the call can still be aborted.
  if (channel.bodies.isHeld(body)) call.hold();
  return [response.status, response.statusText, response.headerList(), body];
}

/** Makes the answer of the host one of ours. The call lives until nothing of its body flows any more. */
export function readResponse(channel: Channel, wire: WireResponse, call: PendingCall): HotResponse {
  const [status, statusText, fields, body] = wire;
  const payload = channel.bodies.fromWire(body, () => call.letGo());
  if (payload instanceof RemoteBody) call.hold();
  return new HotResponse(payload, { status, statusText, headers: pairsOf(fields) });
}

/** What a middleware hands on, as it crosses; undefined when that is what it was given, as it was. */
export function writeHanded(channel: Channel, handed: Request, given: HotRequest): WireHanded | undefined {
  const request = HotRequest.from(handed);
  const fields = request.headers.toRaw();
  const isSame = request === given && isSameList(fields, given.source?.rawHeaders ?? []);
  if (isSame) return undefined;
  return [request.method, request.url, fields, channel.bodies.toWire(request.take())];
}

/** Header fields as they are now, where they are not what they were. */
export function changedFields(fields: readonly string[], before: readonly string[]): Fields {
  return isSameList(fields, before) ? undefined : fields;
}

/** A list of names and values in turn, as pairs. */
function pairsOf(fields: readonly string[]): readonly (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  for (let at = 0; at < fields.length; at += 2) pairs.push([fields[at] ?? '', fields[at + 1] ?? '']);
  return pairs;
}

function asResponse(answer: unknown, plugin: string): HotResponse {
  if (answer instanceof HotResponse) return HotResponse.from(answer);
  const found = answer === null || answer === undefined ? String(answer) : typeof answer;
  throw fail('HANDLER_ANSWER_INVALID', { plugin, found });
}

function takePayload(response: HotResponse): ReturnType<HotResponse['take']> {
  try {
    return response.take();
  } catch (error) {
    throw fail('RESPONSE_BODY_USED', {}, { cause: error });
  }
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return one === other || (one.length === other.length && one.every((text, at) => text === other[at]));
}
