import { CodedError, type ErrorKind, errorKinds, type Registration } from '@hotswap/protocol';
import { HotRequest, type HotResponse } from '@hotswap/protocol/http';
import type { GuestHandler } from '@hotswap/runtime';
import { answeredHead, CallStream } from './call-stream.ts';
import { type CallInfo, hasNoBody, headersOf, readHeaders, readResponse, requestHead } from './http-messages.ts';
import type { Follow, PluginClient } from './plugin-client.ts';
import type { ErrorMessage, HandleRequest, HttpResponseMessage, RegistrationMessage } from '../wire/messages.ts';
import { services } from '../wire/services.ts';
import { fail } from '../errors.ts';

/** The largest body of a route that is called in one message, in bytes. */
const largestBody = 1_048_576;

type Next = (request: HotRequest) => HotResponse | Promise<HotResponse>;

/** What the caller of a method, task or event says. */
interface BriefInfo {
  readonly data?: unknown;
  readonly tenant?: string | undefined;
  readonly requestId?: string;
  readonly signal?: AbortSignal;
  follow?(follower: { abort(reason: unknown): void }): void;
}

/** The host's handler of a registration: it sends each call to the plugin, and gives it up there when it is given up here. */
export function handlerOf(
  registration: Registration,
  said: RegistrationMessage,
  { client, plugin }: { readonly client: PluginClient; readonly plugin: string },
): GuestHandler {
  const calls = new Calls(client, plugin, registration.id);
  switch (registration.type) {
    case 'method':
      return (call: BriefInfo) => calls.brief(call.data, call);
    case 'task':
      return (run: BriefInfo) => calls.brief(undefined, run);
    case 'subscription':
      return (event: unknown) => calls.brief(event, {});
    case 'route':
      return said.route?.streams === true
        ? (request: HotRequest, info: CallInfo) => calls.streamedRoute(request, info)
        : (request: HotRequest, info: CallInfo) => calls.route(request, info);
    case 'middleware':
      return (request: HotRequest, next: Next, info: CallInfo) =>
        calls.middleware(request, { next, info, reads: said.middleware ?? {} });
    default:
      throw fail('GRPC_MESSAGE_INVALID', { plugin, problem: `a registration of type ${registration.type}` });
  }
}

/** The calls of one registration. */
class Calls {
  readonly #client: PluginClient;
  readonly #plugin: string;
  readonly #id: number;

  constructor(client: PluginClient, plugin: string, id: number) {
    this.#client = client;
    this.#plugin = plugin;
    this.#id = id;
  }

  async brief(data: unknown, info: BriefInfo): Promise<unknown> {
    const { requestId = '', tenant = '' } = info;
    const text = data === undefined ? '' : JSON.stringify(data);
    const request: HandleRequest = { registration: this.#id, requestId, tenant, json: Buffer.from(text ?? '') };
    const { json, error } = await this.#client.unary(services().plugin.Handle, request, followOf(info));
    if (error !== undefined) throw this.#failure(error);
    if (json === undefined || json.length === 0) return undefined;
    try {
      return JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.byteLength).toString('utf8'));
    } catch (cause) {
      throw fail('GRPC_MESSAGE_INVALID', { plugin: this.#plugin, problem: 'a result that is no JSON' }, { cause });
    }
  }

  async route(request: HotRequest, info: CallInfo): Promise<HotResponse> {
    request.source?.limitBody(largestBody);
    const head = requestHead(request, info);
    const http = request.hasBody ? { ...head, body: await request.bytes() } : head;
    const message = { ...this.#opening(info), http };
    const { http: answer, error } = await this.#client.unary(services().plugin.Handle, message, followOf(info));
    if (error !== undefined) throw this.#failure(error);
    if (answer === undefined) throw this.#invalid('an answer to a request that is none');
    const body = answer.body !== undefined && answer.body.length > 0 ? answer.body : null;
    return readResponse(this.#plugin, answer, body);
  }

  async streamedRoute(request: HotRequest, info: CallInfo): Promise<HotResponse> {
    const stream = this.#open(request, info);
    const sent = stream.sendBody(request.take()).then(() => stream.finish());
    const { head, error } = await firstOf(stream.verdict(), sent);
    if (error !== undefined) throw this.#failure(error);
    if (head === undefined) throw this.#invalid('what only a middleware may answer');
    return this.#streamed(head, stream);
  }

  async middleware(
    request: HotRequest,
    {
      next,
      info,
      reads,
    }: { next: Next; info: CallInfo; reads: { readonly readsRequest?: boolean; readonly readsResponse?: boolean } },
  ): Promise<HotResponse> {
    const stream = this.#open(request, info);
    const isRead = reads.readsRequest === true;
    const { hasBody } = request;
    const sent = isRead ? stream.sendBody(request.take()) : undefined;
    const first = await firstOf(stream.verdict(), sent);
    if (first.next === undefined) {
      stream.finish();
      return this.#answer(first, stream, undefined);
    }
    const { headers, unchanged } = first.next;
    // Read up to its end also where the request has none.
    const body = isRead ? stream.handOn() : undefined;
    const onward = new HotRequest(request, {
      headers: unchanged ? request.headers : readHeaders(this.#plugin, headers),
      ...(body !== undefined && { body: hasBody ? body : null }),
    });
    const response = await this.#behind(stream, next, onward);
    stream.send({ answered: answeredHead({ status: response.status, headers: headersOf(response.headers) }) });
    const isAnswerRead = reads.readsResponse === true;
    const read = isAnswerRead ? stream.sendBody(response.take()).then(() => stream.finish()) : stream.finish();
    const verdict = await firstOf(stream.verdict(), read ?? undefined);
    return this.#answer(verdict, stream, isAnswerRead ? undefined : response);
  }

  /** What stands behind failed: the plugin is told by the end of its call. */
  async #behind(stream: CallStream, next: Next, onward: HotRequest): Promise<HotResponse> {
    try {
      return await next(onward);
    } catch (error) {
      stream.abort();
      throw error;
    }
  }

  #answer(
    { head, pass, error }: Awaited<ReturnType<CallStream['verdict']>>,
    stream: CallStream,
    behind: HotResponse | undefined,
  ): HotResponse {
    if (error !== undefined) throw this.#failure(error);
    if (head !== undefined) return this.#streamed(head, stream);
    if (pass === undefined || behind === undefined) throw this.#invalid('`pass` or `next` where neither may be');
    return readResponse(this.#plugin, pass, behind.take());
  }

  #streamed(head: HttpResponseMessage, stream: CallStream): HotResponse {
    if (!hasNoBody(head)) return readResponse(this.#plugin, head, stream.body());
    void stream.finishUnread();
    return readResponse(this.#plugin, head, null);
  }

  #open(request: HotRequest, info: CallInfo): CallStream {
    const { HandleStream } = services().plugin;
    const call = this.#client.duplex(HandleStream);
    const stream = new CallStream(this.#plugin, call, (error) => this.#client.explain(HandleStream.path, error));
    followOf(info)?.(stream);
    stream.send({ open: { ...this.#opening(info), http: requestHead(request, info) } });
    return stream;
  }

  #opening({ requestId, tenant }: CallInfo): HandleRequest {
    return { registration: this.#id, requestId, tenant: tenant ?? '' };
  }

  #failure({ code, kind, message }: ErrorMessage): Error {
    const words = message.slice(0, 8_192) || 'it failed and did not say why';
    return /^[A-Z][A-Z0-9_]{1,63}$/.test(code) && isKind(kind)
      ? new CodedError({ code, kind, message: words, details: { plugin: this.#plugin } })
      : new Error(words);
  }

  #invalid(problem: string): Error {
    return fail('GRPC_MESSAGE_INVALID', { plugin: this.#plugin, problem });
  }
}

/** The answer, unless the body of the request could not be sent first: then that is why there is none. */
async function firstOf<T>(answer: Promise<T>, sent: Promise<void> | undefined): Promise<T> {
  if (sent === undefined) return answer;
  const failed = new Promise<never>((_, reject) => sent.catch(reject));
  answer.catch(() => {});
  return Promise.race([answer, failed]);
}

function followOf(info: Pick<BriefInfo, 'signal' | 'follow'>): Follow | undefined {
  if (info.follow !== undefined) return (follower) => info.follow?.(follower);
  const { signal } = info;
  if (signal === undefined) return undefined;
  return (follower) => {
    if (signal.aborted) follower.abort(signal.reason);
    else signal.addEventListener('abort', () => follower.abort(signal.reason), { once: true });
  };
}

function isKind(kind: string): kind is ErrorKind {
  return Object.hasOwn(errorKinds, kind);
}
