import type { RouteMethod } from '@hotswap/protocol';
import type { Clock } from './services/clock.ts';
import type { Events } from './services/events.ts';
import type { Logger } from './services/logger.ts';
import type { Metrics } from './services/metrics.ts';
import type { Secrets } from './services/secrets.ts';
import type { Storage } from './services/storage.ts';
import type {
  CallbackHandle,
  ServiceClient,
  ServiceImplementation,
  ServiceInfo,
  ServiceRef,
  ServiceWatcher,
} from './service-ref.ts';

/** A value, or a promise of it. Answers given without a promise cost no extra turn of the event loop. */
export type MaybePromise<T> = T | Promise<T>;

/** What a handler knows about the request beside the request itself. */
export interface RequestInfo {
  /** Values of the `:name` and `*` places in the route's path, decoded. The rest after `*` is called `*`. */
  readonly params: Readonly<Record<string, string>>;
  /** Aborted when the client left, the time limit passed or the drain ran out. Made on first touch. */
  readonly signal: AbortSignal;
  /** Aborted when this generation begins to drain: a stream without an end should end now. Made on first touch. */
  readonly draining: AbortSignal;
  readonly requestId: string;
  readonly tenant: string | undefined;
  /** Who sent it: the peer's address, or what a trusted proxy says it is. Empty where the host does not know. */
  readonly client: { readonly address: string };
}

/** Answers the requests of one route. */
export type RouteHandler = (request: Request, info: RequestInfo) => MaybePromise<Response>;

/** Hands the request on to the next middleware, and in the end to the route or the host. */
export type Next = (request: Request) => MaybePromise<Response>;

/** Stands in front of routes: answers itself, or hands the request on and may change what comes back. */
export type Middleware = (request: Request, next: Next, info: RequestInfo) => MaybePromise<Response>;

/** The head of a request: what a hook may look at without moving the body. */
export interface RequestHead {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
}

/** The head of an answer; a hook may change status and headers. */
export interface ResponseHead {
  status: number;
  readonly headers: Headers;
}

/** A hook that answers ends the request there; one that returns nothing lets it go on. */
export type RequestHook = (head: RequestHead, info: RequestInfo) => MaybePromise<Response | void>;

/** Looks at the head of an answer on its way out; never moves the body. */
export type ResponseHook = (head: ResponseHead, request: RequestHead, info: RequestInfo) => MaybePromise<void>;

/** Where a middleware or hook stands. */
export interface MiddlewareOptions {
  /** Paths it applies to; default every path. A trailing `*` stands for the rest. */
  readonly paths?: readonly string[];
  /** Lower runs first; default 100. */
  readonly priority?: number;
}

/** One server-sent event. */
export interface ServerSentEvent {
  readonly data: unknown;
  readonly event?: string;
  readonly id?: string;
  readonly retry?: number;
}

/** Gives the events of one client's stream, until its signal is aborted. */
export type SseHandler = (request: Request, info: RequestInfo) => AsyncIterable<ServerSentEvent>;

/** One open WebSocket connection, as its plugin sees it. The host owns the socket; it outlives generations. */
export interface WebSocketPeer<Attachment = unknown> {
  /** The same for as long as the connection is open, also over a swap. */
  readonly id: string;
  /** Address, fields and path of the request that opened it. */
  readonly url: string;
  readonly headers: Headers;
  readonly params: Readonly<Record<string, string>>;
  readonly tenant: string | undefined;
  readonly client: { readonly address: string };
  /** The subprotocol that was agreed on; empty for none. */
  readonly protocol: string;
  /**
   * What the plugin keeps for this connection: it goes along to the next generation. At most 16 KB once encoded.
   * Kept as it is when it is set: set it again after you have changed something inside it.
   *
   * @throws ATTACHMENT_TOO_LARGE, VALUE_NOT_CLONEABLE when it is set
   */
  attachment: Attachment | undefined;
  /** Bytes that wait to be written. A client that reads too slowly makes it grow, and is cut off at the host's limit. */
  readonly bufferedBytes: number;
  /** Sent in order. What is sent after the connection was closed, or went on to another generation, is dropped. */
  send(data: string | Uint8Array): void;
  /**
   * No message is handed over after it, `close` of the handlers is.
   *
   * @param code 1000 by default, another code an endpoint may send, or one of your own from 3000 to 4999
   * @param reason at most 123 bytes
   * @throws WEBSOCKET_CLOSE_INVALID
   */
  close(code?: number, reason?: string): void;
}

/**
 * What a plugin does with the connections of one route. Each connection's events come one at a time, in order: the next
 * one waits until the promise of the one before is settled. A throw, or a handler over its time, closes the connection
 * with 1011.
 */
export interface WebSocketHandlers {
  open?(peer: WebSocketPeer): MaybePromise<void>;
  message(peer: WebSocketPeer, data: string | Uint8Array): MaybePromise<void>;
  /** It is closed, by whichever side. Not called when it goes on with the next generation. */
  close?(peer: WebSocketPeer, code: number, reason: string): MaybePromise<void>;
  /** An open connection came over from another generation, before its next message; its attachment came along. */
  resume?(peer: WebSocketPeer): MaybePromise<void>;
}

/** How the connections of a route live through a swap. */
export interface WebSocketOptions {
  /**
   * Open connections go on with the next generation, attachment and all, if its route on the same path hands over too.
   * Default false: once what they had sent is handled they are closed with 1012 and a hint when to reconnect.
   */
  readonly handOver?: boolean;
  /** Subprotocols the handlers speak: the first one a client offers that is among them is agreed on. Default none. */
  readonly protocols?: readonly string[];
}

/** Registers what the plugin answers over HTTP. Everything is withdrawn when the generation ends. */
export interface HttpRegistry {
  get(path: string, handler: RouteHandler): void;
  post(path: string, handler: RouteHandler): void;
  put(path: string, handler: RouteHandler): void;
  patch(path: string, handler: RouteHandler): void;
  delete(path: string, handler: RouteHandler): void;
  all(path: string, handler: RouteHandler): void;
  route(method: RouteMethod, path: string, handler: RouteHandler): void;
  use(options: MiddlewareOptions, middleware: Middleware): void;
  use(middleware: Middleware): void;
  onRequest(options: MiddlewareOptions, hook: RequestHook): void;
  onResponse(options: MiddlewareOptions, hook: ResponseHook): void;
  /** A stream of server-sent events. It ends, with a reconnect hint, when the generation is drained. */
  sse(path: string, handler: SseHandler): void;
  /** Takes WebSocket connections on a path. Needs a host that hands its upgrades over; status says where it does not. */
  websocket(path: string, handlers: WebSocketHandlers, options?: WebSocketOptions): void;
}

/** One call of a method by name. */
export interface MethodCall<Data = unknown> {
  readonly data: Data;
  readonly tenant: string | undefined;
  readonly requestId: string;
  /** Made on first touch. */
  readonly signal: AbortSignal;
}

export type MethodHandler<Data = never> = (call: MethodCall<Data>) => unknown;

/** Methods that the host and other plugins call by name. */
export interface MethodRegistry {
  handle<Data = unknown>(name: string, handler: (call: MethodCall<Data>) => unknown): void;
}

/** One run of a periodic task. */
export type TaskHandler = (run: { readonly signal: AbortSignal }) => void | Promise<void>;

/** Periodic work. It runs only while the generation is published, and never twice at a time. */
export interface TaskRegistry {
  /** @param interval a duration such as `1h`, or milliseconds */
  every(interval: string | number, name: string, task: TaskHandler): void;
}

/** The host's own extension points. */
export interface ExtensionRegistry {
  /** Answers the host's extension point. Lower `priority` is asked first; default 100. */
  handle<Input = unknown, Output = unknown>(
    point: string,
    handler: (input: Input) => MaybePromise<Output>,
    options?: { readonly priority?: number },
  ): void;
}

/** What a plugin is handed when it starts. It dies with the generation. */
export interface PluginContext<Config = Readonly<Record<string, unknown>>> {
  readonly name: string;
  readonly version: string;
  /** Grows by one with every load, reload, swap or restart. */
  readonly generation: number;
  readonly config: Readonly<Config>;
  /** Aborted when this generation must end. */
  readonly signal: AbortSignal;
  readonly http: HttpRegistry;
  readonly methods: MethodRegistry;
  readonly tasks: TaskRegistry;
  readonly events: Events;
  readonly storage: Storage;
  readonly secrets: Secrets;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly clock: Clock;
  readonly extensions: ExtensionRegistry;
  /**
   * `fetch`, restricted to the hosts in `capabilities.network`.
   *
   * @throws CAPABILITY_MISSING
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>;
  /** Offers a service to other plugins. */
  provide<Methods>(ref: ServiceRef<Methods>, implementation: ServiceImplementation<Methods>): void;
  /**
   * A client of a service. Each call goes to the provider's current generation and waits for one if there is none.
   * Nothing is resolved until the first call.
   */
  use<Methods>(ref: ServiceRef<Methods>): ServiceClient<Methods>;
  /**
   * Hears who provides a service: first how it stands now, then when its provider comes, is replaced by another
   * generation, or goes. Only inside `start`; told from the moment this generation serves until it drains. Of more than
   * 100 changes that wait the oldest are left out. A throw counts as this plugin's fault, and the watch goes on.
   *
   * @throws REGISTRATION_CLOSED
   */
  watch<Methods>(ref: ServiceRef<Methods>, watcher: ServiceWatcher): void;
  /** Every service that some plugin provides now. */
  services(): Promise<readonly ServiceInfo[]>;
  /**
   * A function that may go to another plugin, as a member of a service's input. At most 1,000 for each generation.
   *
   * @throws CALLBACKS_EXCEEDED
   * @example
   * await ctx.use(market).follow({ symbol: 'ACME', onPrice: ctx.callback((price: number) => show(price)) });
   */
  callback<Input, Output = void>(fn: (input: Input) => MaybePromise<Output>): CallbackHandle<Input, Output>;
  /** Runs `undo` when the generation ends; for what did not come through the context. Last registered runs first. */
  defer(label: string, undo: () => void | Promise<void>): void;
}
