import {
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { isCodedError, messageOf } from '@hotswap/protocol';
import { HotHeaders, HotRequest, type HotResponse } from '@hotswap/protocol/http';
import { chunksOf } from '../calls/body-chunks.ts';
import { headersOf } from '../calls/http-messages.ts';
import type { ServedCall, ServedPlugin, ServedRoute } from './served-plugin.ts';
import type {
  AnswerFrame,
  CallFrame,
  ErrorMessage,
  HandleRequest,
  HandleResponse,
  HttpRequestMessage,
  InitializeRequest,
  InitializeResponse,
  RegistrationMessage,
  StateChunk,
} from '../wire/messages.ts';

type Handler = (request: HandleRequest, call: ServedCall) => Promise<HandleResponse>;
type Unary<Request, Response> = (call: ServerUnaryCall<Request, Response>, answer: sendUnaryData<Response>) => void;

const largestPart = 1_048_576;

/** The service `hotswap.plugin.v1.Plugin` of a plugin, for a gRPC server. */
export function pluginService(plugin: ServedPlugin): UntypedServiceImplementation {
  const { state } = plugin;
  const { registrations, handlers, streamed } = registered(plugin);
  return {
    Initialize: unary(async ({ request }: ServerUnaryCall<InitializeRequest, InitializeResponse>) => {
      const config: Readonly<Record<string, unknown>> = JSON.parse(textOf(request.config) || '{}');
      await plugin.initialize?.({ config, generation: request.generation, isolation: request.isolation });
      const traits = state && {
        version: state.version,
        oldest: state.oldest ?? 0,
        returnsTo: state.returnsTo ?? 0,
      };
      return { registrations, ...(traits !== undefined && { state: traits }) };
    }),
    Start: unary(async () => {
      await plugin.start?.();
      return {};
    }),
    Handle: unary(async (call: ServerUnaryCall<HandleRequest, HandleResponse>): Promise<HandleResponse> => {
      const handler = handlers.get(call.request.registration);
      if (handler === undefined) return { error: unknownMethod(call.request) };
      try {
        return await handler(call.request, servedCall(call.request, call));
      } catch (error) {
        return { error: errorOf(error) };
      }
    }),
    HandleStream: (stream: ServerDuplexStream<CallFrame, AnswerFrame>) => void answerStream(stream, streamed),
    HealthCheck: unary(async () => ({ reason: '', ...(plugin.health?.() ?? { healthy: true }) })),
    ExportState: (call: ServerWritableStream<{ schemaVersion: number }, StateChunk>) => void giveState(call, state),
    ImportState: (
      call: ServerReadableStream<StateChunk, { returns: boolean }>,
      answer: sendUnaryData<{ returns: boolean }>,
    ) => void answered(takeState(call, state), answer),
    Shutdown: unary(async ({ request }: ServerUnaryCall<{ reason: string }, object>) => {
      await plugin.stop?.(request.reason);
      return {};
    }),
  };
}

interface Registered {
  readonly registrations: readonly RegistrationMessage[];
  readonly handlers: ReadonlyMap<number, Handler>;
  readonly streamed: ReadonlyMap<number, ServedRoute>;
}

/** Ids are given in the order of methods and routes. */
function registered({ methods = {}, routes = [] }: ServedPlugin): Registered {
  const registrations: RegistrationMessage[] = [];
  const handlers = new Map<number, Handler>();
  const streamed = new Map<number, ServedRoute>();
  for (const [name, method] of Object.entries(methods)) {
    const id = registrations.push({ id: registrations.length + 1, method: { name } });
    handlers.set(id, async ({ json }, call) => {
      const text = textOf(json);
      const result: unknown = await method(text === '' ? undefined : JSON.parse(text), call);
      return { json: Buffer.from(JSON.stringify(result) ?? '') };
    });
  }
  for (const route of routes) {
    const { method, path, streams = false } = route;
    const id = registrations.push({ id: registrations.length + 1, route: { method, path, streams } });
    if (streams) streamed.set(id, route);
    else handlers.set(id, async ({ http }, call) => ({ http: await whole(await answerOf(route, http, call)) }));
  }
  return { registrations, handlers, streamed };
}

async function answerOf(
  route: ServedRoute,
  http: HttpRequestMessage | undefined,
  call: ServedCall,
  body?: AsyncIterable<Uint8Array>,
): Promise<HotResponse> {
  if (http === undefined) throw new Error('a call of a route without a request');
  const { method, url, headers, params = {} } = http;
  const given = body ?? (http.body !== undefined && http.body.length > 0 ? http.body : null);
  const fields = new HotHeaders(headers.map(({ name, value }): [string, string] => [name, value]));
  return route.handle(new HotRequest(url, { method, headers: fields, body: given }), withParams(call, params));
}

function withParams<Params>(call: ServedCall, params: Params): ServedCall & { readonly params: Params } {
  const { requestId, tenant } = call;
  return {
    requestId,
    tenant,
    params,
    get signal() {
      return call.signal;
    },
  };
}

async function whole(response: HotResponse): Promise<NonNullable<HandleResponse['http']>> {
  const { status: code, headers } = response;
  return { status: code, headers: headersOf(headers), body: await response.bytes() };
}

/** A route with bodies of any size: what it answers goes out while the request still comes in. */
async function answerStream(
  stream: ServerDuplexStream<CallFrame, AnswerFrame>,
  routes: ReadonlyMap<number, ServedRoute>,
): Promise<void> {
  stream.on('error', () => {});
  const frames: AsyncIterator<CallFrame> = stream[Symbol.asyncIterator]();
  try {
    const { value } = await frames.next();
    const open = (value as CallFrame | undefined)?.open;
    const route = open && routes.get(open.registration);
    if (open === undefined || route === undefined) {
      stream.write({ error: unknownMethod(open ?? { registration: 0 }) });
      return;
    }
    const response = await answerOf(route, open.http, servedCall(open, stream), bodyOf(frames));
    stream.write({ head: { status: response.status, headers: headersOf(response.headers) } });
    for await (const chunk of chunksOf(response.take())) {
      if (stream.cancelled) return;
      if (!stream.write({ chunk }))
        await new Promise((resolve) => stream.once('drain', resolve).once('cancelled', resolve));
    }
  } catch (error) {
    stream.write({ error: errorOf(error) });
  } finally {
    stream.end();
  }
}

async function* bodyOf(frames: AsyncIterator<CallFrame>): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { done, value } = await frames.next();
    if (done === true || value.chunk === undefined) return;
    yield value.chunk;
  }
}

async function giveState(
  call: ServerWritableStream<{ schemaVersion: number }, StateChunk>,
  state: ServedPlugin['state'],
): Promise<void> {
  try {
    if (state === undefined) throw new Error('this plugin has no state');
    const schemaVersion = call.request.schemaVersion || state.version;
    const bytes = await state.give(schemaVersion);
    for (let at = 0; at === 0 || at < bytes.length; at += largestPart) {
      const data = bytes.subarray(at, at + largestPart);
      call.write(at === 0 ? { schemaVersion, data } : { data });
    }
    call.end();
  } catch (error) {
    // Told by this event alone: a stream that is destroyed tells its host nothing.
    call.emit('error', Object.assign(new Error(messageOf(error)), { code: status.FAILED_PRECONDITION }));
  }
}

async function takeState(
  call: ServerReadableStream<StateChunk, unknown>,
  state: ServedPlugin['state'],
): Promise<{ returns: boolean }> {
  if (state === undefined) throw new Error('this plugin has no state');
  const parts: Uint8Array[] = [];
  let first: StateChunk | undefined;
  for await (const part of call) {
    first ??= part as StateChunk;
    parts.push((part as StateChunk).data);
  }
  const version = first?.schemaVersion ?? 0;
  await state.take({ version, bytes: Buffer.concat(parts), rehearse: first?.rehearse === true });
  return { returns: version >= (state.returnsTo ?? state.version) };
}

function unary<Request, Response>(
  work: (call: ServerUnaryCall<Request, Response>) => Promise<Response>,
): Unary<Request, Response> {
  return (call, answer) => void answered(work(call), answer);
}

async function answered<Response>(work: Promise<Response>, answer: sendUnaryData<Response>): Promise<void> {
  try {
    answer(null, await work);
  } catch (error) {
    answer({ code: status.FAILED_PRECONDITION, details: messageOf(error) });
  }
}

interface Cancellable {
  readonly cancelled: boolean;
  on(event: 'cancelled', tell: () => void): unknown;
}

function servedCall({ requestId, tenant }: HandleRequest, call: Cancellable): ServedCall {
  return new LazyCall({ requestId, tenant: tenant === '' ? undefined : tenant }, call);
}

/** Most handlers never look at their signal: it is made for those that do. */
class LazyCall implements ServedCall {
  readonly requestId: string;
  readonly tenant: string | undefined;
  readonly #call: Cancellable;
  #controller: AbortController | undefined;

  constructor({ requestId, tenant }: Pick<ServedCall, 'requestId' | 'tenant'>, call: Cancellable) {
    this.requestId = requestId;
    this.tenant = tenant;
    this.#call = call;
  }

  get signal(): AbortSignal {
    this.#controller ??= this.#follow();
    return this.#controller.signal;
  }

  #follow(): AbortController {
    const controller = new AbortController();
    const abort = (): void => controller.abort(new Error('the caller has given the call up'));
    if (this.#call.cancelled) abort();
    else this.#call.on('cancelled', abort);
    return controller;
  }
}

function unknownMethod({ registration }: Pick<HandleRequest, 'registration'>): ErrorMessage {
  return { code: 'METHOD_UNKNOWN', kind: 'not-found', message: `there is no registration ${registration}` };
}

function errorOf(error: unknown): ErrorMessage {
  const message = messageOf(error);
  return isCodedError(error) ? { code: error.code, kind: error.kind, message } : { code: '', kind: '', message };
}

function textOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? '' : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
