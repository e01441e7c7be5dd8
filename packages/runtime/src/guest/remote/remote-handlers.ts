import { HotHeaders, HotRequest, type HotResponse } from '@hotswap/protocol/http';
import type { MethodCall } from '@hotswap/sdk';
import { changedFields, CrossedRequest, readResponse, writeHanded, writeResponse } from './crossed-http.ts';
import type { RemoteSockets } from './remote-sockets.ts';
import type { InboundCall } from '../../channel/calls.ts';
import type { Channel, ServeCall } from '../../channel/channel.ts';
import type { CrossingValues } from '../../channel/crossing-values.ts';
import type {
  HostMessage,
  MessageOf,
  WireHeadChange,
  WireMiddlewareAnswer,
  WireRequest,
  WireResponse,
  WireVerdict,
} from '../../channel/messages.ts';
import type { GuestHandler } from '../guest-host.ts';
import type { SocketCall } from '../socket-peer.ts';

/** What calls of the host are served with. */
export interface HandlerParts {
  readonly channel: Channel;
  readonly values: CrossingValues;
  readonly sockets: RemoteSockets;
  /** Handlers by the id of their registration. */
  readonly handlers: ReadonlyMap<number, GuestHandler>;
  /** What services are called, by the id of their registration. */
  readonly serviceNames: ReadonlyMap<number, string>;
  readonly plugin: () => string;
}

type Serve<Tag extends HostMessage[0]> = (message: MessageOf<HostMessage, Tag>, call: InboundCall) => unknown;

/** The kinds of handlers that a host calls. */
export type HandlerTag =
  | 'method'
  | 'task'
  | 'event'
  | 'service'
  | 'extension'
  | 'socket'
  | 'route'
  | 'middleware'
  | 'request-hook'
  | 'response-hook';

/** Calls the author's handlers for the host, each kind with what belongs to it. */
export function serveHandlers({ channel, values, sockets, handlers, serviceNames, plugin }: HandlerParts): {
  [Tag in HandlerTag]: Serve<Tag>;
} {
  const handlerOf = (id: number): ((...args: readonly unknown[]) => unknown) => {
    const handler = handlers.get(id);
    if (handler === undefined) throw new Error(`the host asks for handler ${id}, which was never registered`);
    return handler as (...args: readonly unknown[]) => unknown;
  };
  return {
    method: ([, , id, data, tenant, requestId], call) => handlerOf(id)(new CrossedCall(call, data, tenant, requestId)),
    task: ([, , id], call) => done(handlerOf(id)(withSignalOf(call))),
    event: ([, , id, event]) => done(handlerOf(id)(event)),
    service: ([, , id, method, input, parts], call) => {
      const output = handlerOf(id)(method, values.readInput(input, parts), withSignalOf(call));
      return andThen(output, (value) => values.answer(value, call, `${serviceNames.get(id)}.${method} output`));
    },
    extension: ([, , id, input]) => handlerOf(id)(input),
    socket: ([, , id, event]) => {
      const socketCall = event as SocketCall;
      if (socketCall.type === 'close' || socketCall.type === 'leave') sockets.forget(socketCall.id);
      return done(handlerOf(id)(socketCall));
    },
    route: ([, , id, ...wire], call) => {
      const source = new CrossedRequest(channel, call, wire);
      const write = (answer: unknown): WireResponse => writeResponse(channel, call, answer, plugin());
      return andThen(handlerOf(id)(new HotRequest(source), source), write);
    },
    middleware: ([, , id, ...wire], call) => serveMiddleware({ channel, call, plugin: plugin() }, handlerOf(id), wire),
    'request-hook': ([, , id, ...wire], call) => {
      const { request, source } = headOf(channel, call, wire);
      return andThen(handlerOf(id)(request, source), (answer): WireVerdict => {
        const response = answer === undefined ? undefined : writeResponse(channel, call, answer, plugin());
        const fields = changedFields(request.headers.toRaw(), source.rawHeaders);
        return response === undefined && fields === undefined ? undefined : [response, fields];
      });
    },
    'response-hook': (message, call) => {
      const [, , id, method, url, headers, body, requestId, address, tenant, params, status, fields] = message;
      const wire: WireRequest = [method, url, headers, body, requestId, address, tenant, params];
      const { request, source } = headOf(channel, call, wire);
      const head = { status, headers: HotHeaders.fromRaw(fields) };
      return andThen(handlerOf(id)(head, request, source), (): WireHeadChange => {
        const changed = changedFields(head.headers.toRaw(), fields);
        return head.status === status && changed === undefined ? undefined : [head.status, changed];
      });
    },
  };
}

/** One call of a method by name, as its handler sees it. */
class CrossedCall implements MethodCall {
  readonly data: unknown;
  readonly tenant: string | undefined;
  readonly requestId: string;
  readonly #call: InboundCall;

  constructor(call: InboundCall, data: unknown, tenant: string | undefined, requestId: string) {
    this.data = data;
    this.tenant = tenant;
    this.requestId = requestId;
    this.#call = call;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }
}

interface MiddlewareParts {
  readonly channel: Channel;
  readonly call: InboundCall;
  readonly plugin: string;
}

/** What came back from one `next`. */
interface Behind {
  readonly response: HotResponse;
  readonly call: number;
  readonly fields: readonly string[];
}

function serveMiddleware(
  { channel, call, plugin }: MiddlewareParts,
  handler: (...args: readonly unknown[]) => unknown,
  wire: WireRequest,
): unknown {
  const source = new CrossedRequest(channel, call, wire);
  const request = new HotRequest(source);
  const cameBack: Behind[] = [];
  const next = async (handed: Request): Promise<unknown> => {
    const pending = channel.call(['next', 0, call.id, writeHanded(channel, handed, request)], (value, asked) => {
      const answer = value as WireResponse;
      const response = readResponse(channel, answer, asked);
      cameBack.push({ response, call: asked.id, fields: response.headers.toRaw() });
      return response;
    });
    return pending.promise;
  };
  return andThen(handler(request, next, source), (answer): WireMiddlewareAnswer => {
    const behind = cameBack.find(({ response }) => response === answer);
    if (behind === undefined) return writeResponse(channel, call, answer, plugin);
    return ['behind', behind.call, changedFields(behind.response.headers.toRaw(), behind.fields)];
  });
}

function headOf(
  channel: Channel,
  call: InboundCall,
  wire: WireRequest,
): { readonly request: HotRequest; readonly source: CrossedRequest } {
  const source = new CrossedRequest(channel, call, wire);
  return { request: new HotRequest(source), source };
}

function withSignalOf(call: InboundCall): { readonly signal: AbortSignal } {
  return {
    get signal() {
      return call.signal;
    },
  };
}

/** What such a handler gives back is nobody's, and may be nothing that can cross. */
function done(answer: unknown): unknown {
  return andThen(answer, () => undefined);
}

function andThen<T>(value: unknown, next: (value: unknown) => T): T | Promise<T> {
  return isThenable(value) ? Promise.resolve(value).then(next) : next(value);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/** What the tables of a channel hold; the host's messages are what their type says. */
export function asServeCall<Tag extends HostMessage[0]>(serve: Serve<Tag>): ServeCall {
  return (message, call) => serve(message as MessageOf<HostMessage, Tag>, call);
}
