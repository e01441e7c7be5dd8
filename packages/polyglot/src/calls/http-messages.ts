import { HotHeaders, HotResponse, type BodyLike, type HotRequest } from '@hotswap/protocol/http';
import type { Header, HttpRequestMessage, HttpResponseMessage } from '../wire/messages.ts';
import { fail } from '../errors.ts';

const mostFields = 2_000;
const longestField = 262_144;
const longestUrl = 65_536;

/** What handlers of routes and middlewares are told beside the request. */
export interface CallInfo {
  readonly requestId: string;
  readonly tenant: string | undefined;
  readonly params: Readonly<Record<string, string>>;
  readonly client: { readonly address: string };
  readonly signal: AbortSignal;
  /** Where the host offers it, no signal is made for a call that is only followed. */
  follow?(follower: { abort(reason: unknown): void }): void;
}

/** The head of a request as it crosses. */
export function requestHead(request: HotRequest, info: CallInfo): HttpRequestMessage {
  const { method, url } = request;
  if (url.length > longestUrl)
    throw fail('GRPC_MESSAGE_INVALID', { plugin: '', problem: 'an address that is too long' });
  const { params, client } = info;
  return { method, url, headers: headersOf(request.headers), params, clientAddress: client.address };
}

/** Header fields as they cross. */
export function headersOf(headers: HotHeaders): Header[] {
  const raw = headers.toRaw();
  const list: Header[] = [];
  for (let at = 0; at < raw.length; at += 2) list.push({ name: raw[at] ?? '', value: raw[at + 1] ?? '' });
  return list;
}

/**
 * Header fields that a plugin sent.
 *
 * @throws GRPC_MESSAGE_INVALID
 */
export function readHeaders(plugin: string, list: readonly Header[]): HotHeaders {
  const isTooMuch = list.length > mostFields || list.some(({ value }) => value.length > longestField);
  if (isTooMuch) throw fail('GRPC_MESSAGE_INVALID', { plugin, problem: 'more header fields than an answer may have' });
  return new HotHeaders(list.map(({ name, value }): [string, string] => [name, value]));
}

/**
 * An answer that a plugin gave, with a body that came in it or comes after it.
 *
 * @throws GRPC_MESSAGE_INVALID
 */
export function readResponse(plugin: string, head: HttpResponseMessage, body: BodyLike | null): HotResponse {
  const { status: said, headers } = head;
  const status = said === 0 ? 200 : said;
  if (status < 200 || status > 599) {
    throw fail('GRPC_MESSAGE_INVALID', { plugin, problem: `the HTTP status ${status}` });
  }
  return new HotResponse(body, { status, headers: readHeaders(plugin, headers) });
}

/** Whether an answer has no body, as far as its head can say. */
export function hasNoBody({ status, headers }: HttpResponseMessage): boolean {
  if (status === 204 || status === 205 || status === 304) return true;
  return headers.some(({ name, value }) => name.toLowerCase() === 'content-length' && value === '0');
}
