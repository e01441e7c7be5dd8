import { parseDuration, type PluginManifest, type Registration, type RouteMethod } from '@hotswap/protocol';
import { eventStream } from '@hotswap/protocol/http';
import type {
  CallbackHandle,
  EventHandler,
  ExtensionRegistry,
  HttpRegistry,
  MaybePromise,
  MiddlewareOptions,
  PluginContext,
  RequestInfo,
  RouteHandler,
  ServiceClient,
  SseHandler,
} from '@hotswap/sdk';
import type { GuestHandler, GuestHost } from './guest-host.ts';
import type { Ledger } from './ledger.ts';
import { socketHandler, type SocketPort } from './socket-peer.ts';
import type { HostServices } from '../host-services/host-services.ts';
import { RoundClock } from '../host-services/round-clock.ts';
import { createSystemClock } from '../host-services/system-clock.ts';
import { retryAfterMs } from '../retry-hint.ts';
import { Callback, handleOf } from '../values/callback.ts';
import { fail } from '../errors.ts';

/** What the context of one generation is made of. */
export interface ContextParts {
  readonly manifest: PluginManifest;
  readonly generation: number;
  readonly config: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
  readonly services: HostServices;
  readonly ledger: Ledger;
  readonly host: GuestHost;
}

/** A context, and the switch that ends registration when `start` is over. */
export interface GuestContext {
  readonly context: PluginContext;
  closeRegistration(): void;
}

/** Everything of a registration but its id. */
type Unnumbered<R = Registration> = R extends Registration ? Omit<R, 'id'> : never;

type Register = (registration: Unnumbered, handler: GuestHandler) => void;

/** Builds what an author is handed. Registrations go to the host with a number; handlers stay here. */
export function createPluginContext(parts: ContextParts): GuestContext {
  const { manifest, services, ledger } = parts;
  let isOpen = true;
  let nextId = 1;
  const register: Register = (registration, handler) => {
    if (!isOpen) throw fail('REGISTRATION_CLOSED', { plugin: manifest.name, type: registration.type });
    parts.host.register({ ...registration, id: nextId++ } as Registration, handler);
  };
  const context: PluginContext = {
    name: manifest.name,
    version: manifest.version,
    generation: parts.generation,
    config: parts.config,
    signal: parts.signal,
    http: createHttpRegistry(register, parts.host.sockets),
    methods: { handle: (name, handler) => register({ type: 'method', name }, handler) },
    tasks: {
      every: (interval, name, task) => register({ type: 'task', name, everyMs: parseDuration(interval) }, task),
    },
    events: {
      on: (event: string, handler: EventHandler<never>) => register({ type: 'subscription', event }, handler),
      emit: services.emit,
    },
    extensions: createExtensionRegistry(register),
    storage: services.storage,
    secrets: services.secrets,
    metrics: services.metrics,
    log: services.log,
    clock: services.clock,
    fetch: services.fetch,
    provide: (ref, implementation) => {
      const methods = implementation as Readonly<Record<string, (input: never, options: never) => unknown>>;
      register({ type: 'service', name: ref.name, methods: Object.keys(methods) }, (name, input, options) =>
        methods[name]?.(input, options),
      );
    },
    use: (ref) => createServiceClient(ref, services),
    watch: (ref, watcher) => register({ type: 'watch', service: ref.name }, watcher as GuestHandler),
    services: async () => services.listServices(),
    callback: createCallbacks(parts),
    defer: (label, undo) => void ledger.add('deferred', label, undo),
  };
  return { context, closeRegistration: () => void (isOpen = false) };
}

/** Callbacks of one generation that are not released. */
const mostCallbacks = 1_000;

/** Makes handles that stand in the ledger until they are released. */
function createCallbacks({ ledger, host }: ContextParts): PluginContext['callback'] {
  let count = 0;
  return <Input, Output>(fn: (input: Input) => MaybePromise<Output>) => {
    if (count >= mostCallbacks) throw fail('CALLBACKS_EXCEEDED', { what: 'callbacks', limit: mostCallbacks });
    count++;
    const callback = new Callback(host.bound(fn as GuestHandler));
    const entry = ledger.add('callback', fn.name, () => callback.end());
    callback.onEnd(() => {
      count--;
      entry.forget();
    });
    return handleOf(callback) as CallbackHandle<Input, Output>;
  };
}

function createHttpRegistry(register: Register, sockets: SocketPort): HttpRegistry {
  const heartbeats = new RoundClock(createSystemClock(), heartbeatMs);
  const route = (method: RouteMethod, path: string, handler: RouteHandler): void =>
    register({ type: 'route', method, path }, handler);
  const placed = ({ paths = ['/*'], priority = 100 }: MiddlewareOptions) => ({ paths, priority });
  return {
    route,
    get: (path, handler) => route('GET', path, handler),
    post: (path, handler) => route('POST', path, handler),
    put: (path, handler) => route('PUT', path, handler),
    patch: (path, handler) => route('PATCH', path, handler),
    delete: (path, handler) => route('DELETE', path, handler),
    all: (path, handler) => route('ALL', path, handler),
    use: (...args: readonly unknown[]) => {
      const [options, middleware] = args.length === 1 ? [{}, args[0]] : args;
      register({ type: 'middleware', ...placed(options as MiddlewareOptions) }, middleware as GuestHandler);
    },
    onRequest: (options, hook) => register({ type: 'request-hook', ...placed(options) }, hook),
    onResponse: (options, hook) => register({ type: 'response-hook', ...placed(options) }, hook),
    sse: (path, handler) => route('GET', path, eventStreamRoute(handler, heartbeats)),
    websocket: (path, handlers, { handOver = false, protocols = [] } = {}) =>
      register({ type: 'websocket', path, handsOver: handOver, protocols }, socketHandler(handlers, sockets)),
  };
}

/** How often an event stream shows that it is alive: proxies cut what is silent for half a minute or more. */
const heartbeatMs = 15_000;

/** An event stream ends by itself when the drain begins, so that it never holds a generation back. */
function eventStreamRoute(handler: SseHandler, heartbeats: RoundClock): RouteHandler {
  return (request, info) => {
    const signal = AbortSignal.any([info.draining, info.signal]);
    return eventStream(handler(request, withSignal(info, signal)), signal, {
      retryMs: retryAfterMs,
      onHeartbeat: (beat) => heartbeats.add({ beat }),
    });
  };
}

function withSignal(info: RequestInfo, signal: AbortSignal): RequestInfo {
  const { params, draining, requestId, tenant, client } = info;
  return { params, signal, draining, requestId, tenant, client };
}

function createExtensionRegistry(register: Register): ExtensionRegistry {
  return {
    handle: (point, handler, options) =>
      register({ type: 'extension', point, priority: options?.priority ?? 100 }, handler as GuestHandler),
  };
}

function createServiceClient<Methods>(
  ref: { readonly name: string; readonly methods: Methods },
  services: HostServices,
): ServiceClient<Methods> {
  const client: Record<string, unknown> = {};
  for (const name of Object.keys(ref.methods as object)) {
    client[name] = (input: unknown, options?: { readonly signal?: AbortSignal }) =>
      services.callService(ref.name, name, input, options?.signal);
  }
  return client as ServiceClient<Methods>;
}
