import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { formatOf, parseRuntimeConfig } from '@hotswap/runtime';
import type { RuntimeConfig } from '@hotswap/runtime';
import { fail } from './errors.ts';

/** What a server is started with; everything else stands in the config file. */
export interface SettingsRequest {
  /**
   * `operate`: what the config file says. `develop`: a folder of plugins or one plugin, unsigned code is accepted,
   * sources are watched, and the config file may be missing.
   */
  readonly mode: 'operate' | 'develop';
  /** For `develop`: a folder of plugins, or one plugin. Absolute. */
  readonly source?: string;
  readonly configFile?: string;
  /** Outranks file and environment, as `data` does. */
  readonly bind?: string;
  readonly data?: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What a server does, decided once at start. */
export interface ServerSettings {
  readonly config: RuntimeConfig;
  /** Absolute; undefined when there is no config file. */
  readonly configFile: string | undefined;
  /** The one plugin to run, when the source is no folder of plugins. */
  readonly onlyPlugin: string | undefined;
  readonly isDevelopment: boolean;
}

/**
 * Brings flags, environment and config file together.
 *
 * @throws SOURCE_MISSING, CONFIG_FILE_MISSING, CONFIG_SYNTAX, CONFIG_INVALID
 */
export async function readServerSettings(request: SettingsRequest): Promise<ServerSettings> {
  const { mode, cwd, source } = request;
  const isDevelopment = mode === 'develop';
  const onlyPlugin = isDevelopment && source !== undefined && (await isOnePlugin(source)) ? source : undefined;
  const configFile = request.configFile === undefined ? undefined : resolve(cwd, request.configFile);
  const { config } = parseRuntimeConfig(configFile === undefined ? '' : await readText(configFile), {
    format: configFile === undefined ? 'toml' : formatOf(configFile),
    file: configFile ?? join(cwd, 'hotswap.toml'),
    cwd,
    // The flags are read as the variables they outrank, so that both are checked in one way.
    env: { ...request.env, ...variablesOf(request, onlyPlugin) },
  });
  return { config, configFile, onlyPlugin, isDevelopment };
}

function variablesOf(request: SettingsRequest, onlyPlugin: string | undefined): Readonly<Record<string, string>> {
  const { mode, source, bind, data, cwd, env } = request;
  const isDevelopment = mode === 'develop';
  const folder = data ?? (isDevelopment ? (env['HOTSWAP_SERVER_DATA'] ?? '.hotswap') : undefined);
  return {
    ...(bind !== undefined && { HOTSWAP_SERVER_BIND: bind }),
    ...(folder !== undefined && { HOTSWAP_SERVER_DATA: resolve(cwd, folder) }),
    ...(isDevelopment && { HOTSWAP_PLUGINS_SECURITY_ALLOW_UNSIGNED: 'true' }),
    ...(isDevelopment && source !== undefined && !onlyPlugin && { HOTSWAP_PLUGINS_DIRECTORY: source }),
    ...(onlyPlugin && { HOTSWAP_PLUGINS_AUTO_LOAD: 'false' }),
  };
}

/** A file is a plugin, and so is a folder whose manifest has a `hotswap` field or engine. */
async function isOnePlugin(source: string): Promise<boolean> {
  const found = await stat(source).catch((cause: unknown) => {
    throw fail('SOURCE_MISSING', { source }, { cause });
  });
  if (!found.isDirectory()) return true;
  const manifest = await readFile(join(source, 'package.json'), 'utf8').catch(() => '{}');
  return looksLikePlugin(manifest);
}

/** Pure. A manifest that is no JSON still names its folder as a plugin: loading it then says what is wrong. */
export function looksLikePlugin(packageJson: string): boolean {
  try {
    const manifest: unknown = JSON.parse(packageJson);
    if (typeof manifest !== 'object' || manifest === null) return true;
    const engines = 'engines' in manifest ? manifest.engines : undefined;
    return 'hotswap' in manifest || (typeof engines === 'object' && engines !== null && 'hotswap' in engines);
  } catch {
    return true;
  }
}

async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw fail('CONFIG_FILE_MISSING', { file }, { cause });
  });
}
