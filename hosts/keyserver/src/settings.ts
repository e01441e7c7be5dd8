import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { formatOf, parseRuntimeConfig } from '@hotswap/runtime';
import type { RuntimeConfig } from '@hotswap/runtime';
import { fail } from './errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The port that is registered for HKP; on all interfaces, because a key server is there for others. */
const defaultBind = { host: undefined, port: 11_371 };

/**
 * Reads the config file that `HOTSWAP_CONFIG` names, if it names one, under the `HOTSWAP_*` variables.
 *
 * @throws CONFIG_MISSING, CONFIG_SYNTAX, CONFIG_INVALID
 */
export async function readSettings(env: Environment, cwd: string): Promise<RuntimeConfig> {
  const file = env['HOTSWAP_CONFIG'];
  const options = { cwd, defaultBind };
  if (file !== undefined && file !== '') {
    const text = await readText(resolve(cwd, file));
    return parseRuntimeConfig(text, { ...options, format: formatOf(file), file, env }).config;
  }
  // Without a file nobody can have listed signers: who chose the folder of plugins has vouched for them.
  const openEnv = { HOTSWAP_PLUGINS_SECURITY_ALLOW_UNSIGNED: 'true', ...env };
  return parseRuntimeConfig('', { ...options, format: 'toml', file: 'keyserver.toml', env: openEnv }).config;
}

function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw fail('CONFIG_MISSING', { file }, { cause });
  });
}
