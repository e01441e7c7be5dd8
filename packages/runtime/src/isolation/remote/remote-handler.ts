import type { Registration } from '@hotswap/protocol';
import type { HotHeaders, HotRequest, HotResponse } from '@hotswap/protocol/http';
import type { MaybePromise, MethodCall, RequestInfo } from '@hotswap/sdk';
import { applyHead, type Followable, HttpCall, readResponse, readVerdict } from './http-calls.ts';
import { exact } from '../../channel/bodies/bodies.ts';
import { InvalidMessage, listOf } from '../../channel/bounds.ts';
import type { PendingCall, ReadAnswer } from '../../channel/calls.ts';
import type { Channel } from '../../channel/channel.ts';
import type { CrossingValues } from '../../channel/crossing-values.ts';
import type { HostMessage } from '../../channel/messages.ts';
import type { GuestHandler } from '../../guest/guest-host.ts';
import type { SocketCall } from '../../guest/socket-peer.ts';

type Next = (request: HotRequest) => MaybePromise<HotResponse>;
type Info = RequestInfo & Partial<Followable>;
type Signalled = { readonly signal: AbortSignal } & Partial<Followable>;

/** The host's handler of a registration: it sends each call across, and gives it up there when it is given up here. */
export function remoteHandler(registration: Registration, channel: Channel, values: CrossingValues): GuestHandler {
  const { type, id } = registration;
  switch (type) {
    case 'method':
      return (call: MethodCall & Partial<Followable>) =>
        followed(send(channel, ['method', 0, id, call.data, call.tenant, call.requestId]), call);
    case 'task':
      return (run: Signalled) => followed(send(channel, ['task', 0, id]), run);
    case 'subscription':
    case 'watch':
      return (event: unknown) => send(channel, ['event', 0, id, event]);
    case 'service':
      return (method: string, input: unknown, options: Signalled) => {
        const name = `${registration.name}.${method} input`;
        const { pending, promise } = values.call(['service', 0, id, method], input, name);
        void followed(pending, options);
        return promise;
      };
    case 'extension':
      return (input: unknown) => send(channel, ['extension', 0, id, input]);
    case 'websocket':
      return (event: SocketCall) => send(channel, ['socket', 0, id, crossing(event)]);
    case 'route':
      return (request: HotRequest, info: Info) => {
        const call = new HttpCall(request, info);
        const message: HostMessage = ['route', 0, id, ...call.write(channel)];
        return sendHttp(channel, message, call, (wire, pending) => readResponse(channel, wire, pending));
      };
    case 'middleware':
      return (request: HotRequest, next: Next, info: Info) => {
        const call = new HttpCall(request, info, next);
        const message: HostMessage = ['middleware', 0, id, ...call.write(channel)];
        return sendHttp(channel, message, call, (wire, pending) => readMiddleware(channel, wire, pending, call));
      };
    case 'request-hook':
      return (request: HotRequest, info: Info) => {
        const call = new HttpCall(request, info);
        const message: HostMessage = ['request-hook', 0, id, ...call.writeHead()];
        return sendHttp(channel, message, call, (wire, pending) => readVerdict(channel, wire, pending, request));
      };
    case 'response-hook':
      return (head: { status: number; readonly headers: HotHeaders }, request: HotRequest, info: Info) => {
        const call = new HttpCall(request, info);
        const { status, headers } = head;
        const message: HostMessage = ['response-hook', 0, id, ...call.writeHead(), status, headers.toRaw()];
        return sendHttp(channel, message, call, (wire) => applyHead(wire, head));
      };
  }
}

function send(channel: Channel, message: HostMessage): PendingCall {
  return channel.call(message as readonly unknown[] as unknown[]);
}

function sendHttp(channel: Channel, message: HostMessage, call: HttpCall, read: ReadAnswer): PendingCall {
  const pending = channel.call(message as readonly unknown[] as unknown[], read, call);
  pending.onEnd = () => call.end(channel);
  return followed(pending, call.info);
}

/** Aborts go across. What can be followed is not asked for a signal: making one for each call would cost more than the call. */
function followed(pending: PendingCall, source: { readonly signal: AbortSignal } & Partial<Followable>): PendingCall {
  if (source.follow !== undefined) {
    source.follow(pending);
    return pending;
  }
  const { signal } = source;
  const abort = (): void => pending.abort(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  // A signal made of others is kept in memory for as long as somebody listens.
  const { onEnd } = pending;
  pending.onEnd = () => {
    signal.removeEventListener('abort', abort);
    onEnd?.();
  };
  return pending;
}

/** Frames are views into what the socket read. */
function crossing(event: SocketCall): SocketCall {
  const isView = event.type === 'message' && typeof event.data !== 'string';
  return isView ? { ...event, data: exact(event.data) } : event;
}

function readMiddleware(channel: Channel, wire: unknown, pending: PendingCall, call: HttpCall): HotResponse {
  const [first, next, fields] = listOf(wire, 4);
  if (first === 'behind') return call.behind(next, fields);
  if (typeof first !== 'number') throw new InvalidMessage('the answer of a middleware was due');
  return readResponse(channel, wire, pending);
}
