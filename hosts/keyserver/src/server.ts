import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createRuntime, ensureToken } from '@hotswap/runtime';
import type { HostLogger, Runtime } from '@hotswap/runtime';
import { managementFirst, openListener, saveOperatorToken } from '@hotswap/server';
import type { RequestListener } from '@hotswap/server';
import { createHkpHandler } from './hkp/routes.ts';
import { removeKey } from './keys/remove-key.ts';
import { SqliteKeyStore } from './keys/sqlite-key-store.ts';
import { defaultLimits } from './openpgp/submission.ts';
import { connectExtensions } from './plugin-extensions.ts';
import { readSettings } from './settings.ts';

/** What a key server is started with; all else stands in its config file and environment. */
export interface KeyServerOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly log: HostLogger;
}

/** A key server that listens. */
export interface KeyServer {
  /** `http://HOST:PORT`, with the port that was really taken. */
  readonly url: string;
  readonly runtime: Runtime;
  /** Milliseconds that closing may take before the process should end itself. */
  readonly shutdownLimitMs: number;
  /** Takes a key out of the store and announces it. @returns whether it was there */
  removeKey(fingerprint: string): Promise<boolean>;
  /** Takes no more requests, answers what has begun, drains the plugins, closes the store. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Starts a key server: settings, store, plugins, listener, in this order; closing is the same read from the bottom.
 * The runtime answers first, and what no plugin answers is HKP.
 *
 * @throws CONFIG_MISSING, CONFIG_SYNTAX, CONFIG_INVALID, VERIFIER_MISSING, PORT_IN_USE, LISTEN_FAILED
 */
export async function startKeyServer({ env, cwd, log }: KeyServerOptions): Promise<KeyServer> {
  await using started = new AsyncDisposableStack();
  const config = await readSettings(env, cwd);
  const { server, plugins } = config;
  await mkdir(server.data, { recursive: true, mode: 0o700 });
  const store = started.use(new SqliteKeyStore(join(server.data, 'keys.sqlite')));

  const runtime = createRuntime({ config, data: server.data, log, metricsPrefix: 'hockeypuck', environment: env });
  started.defer(() => runtime.close());
  const extensions = connectExtensions(runtime);
  const fallback = createHkpHandler({ store, extensions, limits: defaultLimits, now: Date.now });
  await runtime.start();

  const token = await ensureToken(server.data, env);
  if (token.token !== undefined) await saveOperatorToken(server.data, token.token);
  const { allowedOrigins, allowedHosts, bind: ownBind } = server.management;
  const management = runtime.management({ verifyToken: token.verify, allowedOrigins, allowedHosts });
  const traffic = runtime.listener({
    fallback,
    maxBodyBytes: server.limits.maxBodyBytes,
    maxUrlBytes: server.limits.maxUrlBytes,
    trustedProxies: server.trustedProxies,
    isSharedOrigin: ownBind === undefined,
  });
  const open = async (bind: typeof server.bind, onRequest: RequestListener): Promise<string> => {
    const listener = await openListener({ bind, config: server, onRequest });
    started.defer(() => listener.close(AbortSignal.timeout(plugins.drainTimeoutMs)));
    return listener.url;
  };
  if (ownBind) await open(ownBind, management);
  const url = await open(server.bind, ownBind ? traffic : managementFirst(management, traffic));

  const undo = started.move();
  let closed: Promise<void> | undefined;
  return {
    url,
    runtime,
    shutdownLimitMs: plugins.drainTimeoutMs + plugins.shutdownTimeoutMs,
    removeKey: (fingerprint) => removeKey(fingerprint, { store, extensions }),
    close: () => (closed ??= undo.disposeAsync()),
  };
}
