import type { Registration } from '@hotswap/protocol';
import type { SocketPort } from './socket-peer.ts';

/**
 * A plugin's handler, as the far side of an isolate calls it. The argument list belongs to the registration's type:
 * route `(request, info)`, middleware `(request, next, info)`, request-hook `(head, info)`,
 * response-hook `(head, requestHead, info)`, method `(call)`, task `({ signal })`, subscription `(event)`, watch `(state)`,
 * service `(method, input, { signal })`, extension `(input)`, websocket `(call)`, a `SocketCall`.
 */
export type GuestHandler = (...args: readonly never[]) => unknown;

/** What the guest tells its host while the plugin starts and runs. */
export interface GuestHost {
  /** A handler was registered. Only during start. */
  register(registration: Registration, handler: GuestHandler): void;
  /** An error came out of the plugin outside any call: a timer, a listener, a forgotten promise. */
  fault(where: string, error: unknown): void;
  /** A function of the plugin as others may call it: under a lease of its generation, where that is in this thread. */
  bound(fn: GuestHandler): (input: unknown) => Promise<unknown>;
  /** The host's end of the plugin's WebSocket connections. */
  readonly sockets: SocketPort;
}
