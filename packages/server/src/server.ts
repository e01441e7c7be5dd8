import { dirname } from 'node:path';
import { grpcDialect } from '@hotswap/polyglot';
import { createRuntime, createSystemClock, ensureToken, followSources } from '@hotswap/runtime';
import type { HostHandler, HostLogger, NodeListener, Runtime } from '@hotswap/runtime';
import { followConfig } from './config-changes.ts';
import { openListener } from './http-listener.ts';
import { managementFirst, managementListener, socketOptions, trafficListener } from './listeners.ts';
import { saveOperatorToken } from './operator-token.ts';
import { withoutChanges } from './server-log.ts';
import { readServerSettings } from './server-settings.ts';
import type { ServerSettings, SettingsRequest } from './server-settings.ts';

/** What a server is started with. */
export interface ServerOptions extends SettingsRequest {
  readonly log: HostLogger;
  /** Prefix of the metrics; default `hotswap`. */
  readonly metricsPrefix?: string;
  /**
   * For a server with a purpose of its own: declares its extension points and opens what it needs. It runs when the
   * settings are known, before any plugin does.
   */
  readonly prepare?: (runtime: Runtime, settings: ServerSettings) => HostPart | Promise<HostPart>;
}

/** What a host adds to the server that carries its plugins. */
export interface HostPart {
  /** Answers what no plugin answers. */
  readonly fallback: HostHandler;
  /** Lets go of what was opened; runs after the last plugin has stopped. */
  readonly close?: () => Promise<void>;
}

const sharedAddress =
  'plugins share the address of management: their answers lose cookies and get CSP: sandbox; set [server.management] bind to part them';

/** A server that listens. */
export interface Server {
  /** Where plugins answer. */
  readonly url: string;
  /** Where management answers; the same as `url` unless `[server.management] bind` names another. */
  readonly managementUrl: string;
  readonly settings: ServerSettings;
  /** The management token, only at the start that made it. */
  readonly newToken: string | undefined;
  readonly runtime: Runtime;
  /** Milliseconds that closing may take before the process should end itself. */
  readonly shutdownLimitMs: number;
  /** Takes no more requests, answers what has begun, drains the plugins. Calling it again waits for the same end. */
  close(): Promise<void>;
}

/**
 * Starts a server: settings, token, the host's part, plugins, listeners, watchers, in this order; closing is the same
 * read from the bottom.
 * A failed start leaves nothing behind.
 *
 * @throws SOURCE_MISSING, CONFIG_FILE_MISSING, CONFIG_SYNTAX, CONFIG_INVALID, TLS_FILES_UNUSABLE,
 * PORT_IN_USE, LISTEN_FAILED
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  await using started = new AsyncDisposableStack();
  const { env, cwd } = options;
  const settings = await readServerSettings(options);
  const { config, configFile, isDevelopment } = settings;
  const { server, plugins } = config;
  // Whoever develops sees each change in words, with the place of an error; the log would say it a second time.
  const log = isDevelopment ? withoutChanges(options.log) : options.log;

  const token = await ensureToken(server.data, env);
  if (token.token !== undefined) await saveOperatorToken(server.data, token.token);

  const pluginRoots = isDevelopment ? [cwd] : [];
  const { metricsPrefix = 'hotswap' } = options;
  const runtime = createRuntime({
    config,
    data: server.data,
    log,
    environment: env,
    dialects: [grpcDialect()],
    pluginRoots,
    metricsPrefix,
    notices: server.management.bind === undefined ? [sharedAddress] : [],
  });
  const afterPlugins = started.use(new AsyncDisposableStack());
  started.defer(() => runtime.close());
  const host = await options.prepare?.(runtime, settings);
  afterPlugins.defer(() => host?.close?.());
  await runtime.start();

  const { allowedOrigins, allowedHosts, bind: ownBind } = server.management;
  const management = runtime.management({ verifyToken: token.verify, allowedOrigins, allowedHosts });
  const traffic = trafficListener({ runtime, config: server, fallback: host?.fallback, log });
  const open = async (onRequest: NodeListener, bind = server.bind) => {
    const listener = await openListener({ bind, config: server, onRequest });
    started.defer(() => listener.close(AbortSignal.timeout(plugins.drainTimeoutMs)));
    return listener;
  };
  const ownUrl = ownBind && (await open(managementListener(management), ownBind)).url;
  const { url, server: httpServer } = await open(ownBind ? traffic : managementFirst(management, traffic));
  runtime.websockets(httpServer, socketOptions({ config: server, log }, ownBind ? undefined : management));

  if (plugins.enabled && plugins.watch) {
    const clock = createSystemClock();
    const only = settings.onlyPlugin?.path;
    const watched = only === undefined ? { directory: plugins.directory } : { directory: dirname(only), only };
    started.use(await followSources({ runtime, ...watched, clock, log }));
    if (configFile) started.use(await followConfig({ runtime, settings, file: configFile, clock, log }));
  }

  const undo = started.move();
  let closed: Promise<void> | undefined;
  return {
    url,
    managementUrl: ownUrl ?? url,
    settings,
    newToken: token.token,
    runtime,
    shutdownLimitMs: plugins.drainTimeoutMs + plugins.shutdownTimeoutMs,
    close: () => (closed ??= undo.disposeAsync()),
  };
}
