import type { IncomingMessage, ServerResponse } from 'node:http';
import type {
  HostHandler,
  HostLogger,
  MountedManagement,
  NodeListener,
  Runtime,
  RuntimeConfig,
  WebSocketServerOptions,
} from '@hotswap/runtime';
import { withDrain } from './http-listener.ts';

type ServerConfig = RuntimeConfig['server'];

export interface TrafficOptions {
  readonly runtime: Runtime;
  readonly config: ServerConfig;
  /** Answers what no plugin answers; without it that is 404. */
  readonly fallback?: HostHandler | undefined;
  readonly log: HostLogger;
}

/** What hands requests to the plugins. */
export function trafficListener({ runtime, config, fallback, log }: TrafficOptions): NodeListener {
  const { limits, trustedProxies, accessLog, management } = config;
  return runtime.listener({
    maxBodyBytes: limits.maxBodyBytes,
    maxUrlBytes: limits.maxUrlBytes,
    trustedProxies,
    log,
    ...(fallback && { fallback }),
    // Pages of plugins must not act as pages of management.
    isSharedOrigin: management.bind === undefined,
    ...(accessLog && { accessLog: (entry) => log.info({ ...entry }, 'request answered') }),
  });
}

/** How WebSocket connections reach the plugins: as their requests do. Paths of management stay with it. */
export function socketOptions(
  { config, log }: Pick<TrafficOptions, 'config' | 'log'>,
  management?: MountedManagement,
): WebSocketServerOptions {
  const { limits, trustedProxies, accessLog } = config;
  return {
    maxUrlBytes: limits.maxUrlBytes,
    trustedProxies,
    isSharedOrigin: config.management.bind === undefined,
    ...(accessLog && { accessLog: (entry) => log.info({ ...entry }, 'request answered') }),
    ...(management && { reserved: (path) => management.owns(path) }),
  };
}

/** What answers management and nothing else. */
export function managementListener(management: MountedManagement): NodeListener {
  return withDrain((request, response) => management(request, response));
}

/** Management and plugins on one address: management is asked first, and no plugin ever sees what it answers. */
export function managementFirst(management: MountedManagement, traffic: NodeListener): NodeListener {
  const alone = managementListener(management);
  const choose = (request: IncomingMessage): NodeListener => (management.owns(pathOf(request)) ? alone : traffic);
  const answer = (request: IncomingMessage, response: ServerResponse): void => choose(request)(request, response);
  return Object.assign(answer, {
    onContinue: (request: IncomingMessage, response: ServerResponse): void =>
      choose(request).onContinue(request, response),
    drain: () => {
      alone.drain();
      traffic.drain();
    },
  });
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0] ?? '/';
}
