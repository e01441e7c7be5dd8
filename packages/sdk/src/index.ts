// For plugin authors.
export { definePlugin, isPluginDefinition } from './define-plugin.ts';
export { defineService, method } from './service-ref.ts';
export type { HealthAnswer, Migration, PluginDefinition, RunningPlugin, StateSettings } from './define-plugin.ts';
export type {
  ExtensionRegistry,
  HttpRegistry,
  MaybePromise,
  MethodCall,
  MethodRegistry,
  Middleware,
  MiddlewareOptions,
  Next,
  PluginContext,
  RequestHead,
  RequestHook,
  RequestInfo,
  ResponseHead,
  ResponseHook,
  RouteHandler,
  ServerSentEvent,
  SseHandler,
  TaskHandler,
  TaskRegistry,
  WebSocketHandlers,
  WebSocketOptions,
  WebSocketPeer,
} from './plugin-context.ts';
export type {
  Callback,
  CallbackHandle,
  MethodSpec,
  ServiceClient,
  ServiceImplementation,
  ServiceInfo,
  ServiceRef,
  ServiceState,
  ServiceWatcher,
} from './service-ref.ts';
export type { Clock } from './services/clock.ts';
export type { EventHandler, Events, PluginEvent } from './services/events.ts';
export type { LogFields, Logger, LogLine } from './services/logger.ts';
export type { Counter, Gauge, Histogram, Labels, MetricOptions, Metrics } from './services/metrics.ts';
export type { Secrets } from './services/secrets.ts';
export type { Storage, StoredValue, Transaction } from './services/storage.ts';

// For hosts: places where plugins may act.
export { extensionPoint } from './extension-point.ts';
export type { ExtensionPoint } from './extension-point.ts';
