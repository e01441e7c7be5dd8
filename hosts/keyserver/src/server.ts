import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostLogger, Runtime } from '@hotswap/runtime';
import { startServer } from '@hotswap/server';
import type { HostPart, Server } from '@hotswap/server';
import { createHkpHandler } from './hkp/routes.ts';
import { removeKey as removeFrom } from './keys/remove-key.ts';
import { SqliteKeyStore } from './keys/sqlite-key-store.ts';
import { defaultLimits } from './openpgp/submission.ts';
import { connectExtensions } from './plugin-extensions.ts';

/** What a key server is started with; all else stands in its config file and environment. */
export interface KeyServerOptions {
  /** `HOTSWAP_CONFIG` names the config file; the other `HOTSWAP_*` variables outrank it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly log: HostLogger;
}

/** A key server that listens. */
export interface KeyServer extends Server {
  /** Takes a key out of the store and announces it. @returns whether it was there */
  removeKey(fingerprint: string): Promise<boolean>;
}

/** The port that is registered for HKP; on all interfaces, because a key server is there for others. */
const defaultBind = { host: undefined, port: 11_371 };

/**
 * Starts a key server: a HotSwap server whose plugins answer first, and HKP what no plugin answers.
 *
 * @throws CONFIG_FILE_MISSING, CONFIG_SYNTAX, CONFIG_INVALID, PORT_IN_USE, LISTEN_FAILED
 */
export async function startKeyServer({ env, cwd, log }: KeyServerOptions): Promise<KeyServer> {
  const configFile = env['HOTSWAP_CONFIG'] || undefined;
  const { promise: opened, resolve: open } = Promise.withResolvers<HkpPart>();
  const server = await startServer({
    mode: 'operate',
    cwd,
    // Without a file nobody can have listed signers: who chose the folder of plugins has vouched for them.
    env: configFile === undefined ? { HOTSWAP_PLUGINS_SECURITY_ALLOW_UNSIGNED: 'true', ...env } : env,
    ...(configFile !== undefined && { configFile }),
    log,
    defaultBind,
    metricsPrefix: 'hockeypuck',
    async prepare(runtime, { config }) {
      const hkp = await openHkp(runtime, config.server.data);
      open(hkp);
      return hkp;
    },
  });
  const { removeKey } = await opened;
  return { ...server, removeKey };
}

/** The key server's own part: its store, and the protocol on top of it. */
type HkpPart = HostPart & Pick<KeyServer, 'removeKey'>;

async function openHkp(runtime: Runtime, data: string): Promise<HkpPart> {
  await mkdir(data, { recursive: true, mode: 0o700 });
  const store = new SqliteKeyStore(join(data, 'keys.sqlite'));
  const extensions = connectExtensions(runtime);
  return {
    fallback: createHkpHandler({ store, extensions, limits: defaultLimits, now: Date.now }),
    removeKey: (fingerprint) => removeFrom(fingerprint, { store, extensions }),
    close: () => store.close(),
  };
}
