import { readFile, realpath, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { formatOf, parseRuntimeConfig, plainEntry } from '@hotswap/runtime';
import type { ParseOptions, RuntimeConfig } from '@hotswap/runtime';
import { fail } from './errors.ts';

type Environment = Readonly<Record<string, string | undefined>>;

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
  /** Where to listen when flag, file and environment name nothing; default 127.0.0.1:8080. */
  readonly defaultBind?: ParseOptions['defaultBind'];
  readonly cwd: string;
  readonly env: Environment;
}

/** What a server does, decided once at start. */
export interface ServerSettings {
  readonly config: RuntimeConfig;
  /** Undefined when no config file is read. */
  readonly configFile: ConfigFile | undefined;
  /** The one plugin to run, when the source is no folder of plugins. */
  readonly onlyPlugin: OnlyPlugin | undefined;
  readonly isDevelopment: boolean;
}

/** A plugin that is run alone. */
export interface OnlyPlugin {
  readonly name: string;
  /** A real path. */
  readonly path: string;
}

/** A config file as it was read, and how to read it again. */
export interface ConfigFile extends ParseOptions {
  readonly text: string;
}

/**
 * Brings flags, environment and config file together.
 *
 * @throws SOURCE_MISSING, CONFIG_FILE_MISSING, CONFIG_SYNTAX, CONFIG_INVALID
 */
export async function readServerSettings(request: SettingsRequest): Promise<ServerSettings> {
  const { mode, cwd } = request;
  const isDevelopment = mode === 'develop';
  const source = isDevelopment && request.source !== undefined ? await findSource(request.source) : undefined;
  // The flags are read as the variables they outrank, so that both are checked in one way.
  const env = { ...request.env, ...variablesOf(request, source) };
  const configFile = await readConfigFile(request, env);
  const { config } = configFile
    ? parseRuntimeConfig(configFile.text, configFile)
    : parseRuntimeConfig('', { format: 'toml', file: join(cwd, 'hotswap.toml'), ...readingOptions(request, env) });
  const onlyPlugin = source?.pluginName === undefined ? undefined : { name: source.pluginName, path: source.path };
  return { config: withOnlyPlugin(config, onlyPlugin), configFile, onlyPlugin, isDevelopment };
}

/** The config with the one plugin in it, under whatever the file says about that plugin. Pure. */
export function withOnlyPlugin(config: RuntimeConfig, onlyPlugin: OnlyPlugin | undefined): RuntimeConfig {
  if (onlyPlugin === undefined) return config;
  const { entries } = config.plugins;
  const entry = { ...(entries[onlyPlugin.name] ?? plainEntry), source: onlyPlugin.path };
  return { ...config, plugins: { ...config.plugins, entries: { ...entries, [onlyPlugin.name]: entry } } };
}

/** What `develop` was pointed at. */
interface FoundSource {
  /** A real path. */
  readonly path: string;
  /** Of the one plugin it is; undefined for a folder of plugins. */
  readonly pluginName: string | undefined;
}

function variablesOf(request: SettingsRequest, source: FoundSource | undefined): Readonly<Record<string, string>> {
  const { mode, bind, data, cwd, env } = request;
  const isDevelopment = mode === 'develop';
  const folder = data ?? (isDevelopment ? (env['HOTSWAP_SERVER_DATA'] ?? '.hotswap') : undefined);
  const isFolderOfPlugins = source !== undefined && source.pluginName === undefined;
  return {
    ...(bind !== undefined && { HOTSWAP_SERVER_BIND: bind }),
    ...(folder !== undefined && { HOTSWAP_SERVER_DATA: resolve(cwd, folder) }),
    ...(isDevelopment && { HOTSWAP_PLUGINS_SECURITY_ALLOW_UNSIGNED: 'true' }),
    ...(isFolderOfPlugins && { HOTSWAP_PLUGINS_DIRECTORY: source.path }),
    ...(source !== undefined && !isFolderOfPlugins && { HOTSWAP_PLUGINS_AUTO_LOAD: 'false' }),
  };
}

async function readConfigFile(request: SettingsRequest, env: Environment): Promise<ConfigFile | undefined> {
  if (request.configFile === undefined) return undefined;
  const file = resolve(request.cwd, request.configFile);
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw fail('CONFIG_FILE_MISSING', { file }, { cause });
  });
  return { file, text, format: formatOf(file), ...readingOptions(request, env) };
}

function readingOptions({ cwd, defaultBind }: SettingsRequest, env: Environment) {
  return { cwd, env, ...(defaultBind && { defaultBind }) };
}

async function findSource(source: string): Promise<FoundSource> {
  const path = await realpath(source).catch((cause: unknown) => {
    throw fail('SOURCE_MISSING', { source }, { cause });
  });
  if (!(await stat(path)).isDirectory()) return { path, pluginName: basename(path, extname(path)).toLowerCase() };
  const manifest = await readFile(join(path, 'package.json'), 'utf8').catch(() => undefined);
  return { path, pluginName: manifest === undefined ? undefined : pluginNameIn(manifest, basename(path)) };
}

/**
 * The name of the plugin whose `package.json` this is; undefined for one without a `hotswap` field or engine. Pure.
 * A text that is no JSON counts as a plugin: loading it then says what is wrong.
 */
export function pluginNameIn(packageJson: string, folderName: string): string | undefined {
  try {
    const manifest: unknown = JSON.parse(packageJson);
    if (typeof manifest !== 'object' || manifest === null) return folderName;
    const engines = 'engines' in manifest ? manifest.engines : undefined;
    const asksForHotswap = typeof engines === 'object' && engines !== null && 'hotswap' in engines;
    if (!asksForHotswap && !('hotswap' in manifest)) return undefined;
    return 'name' in manifest && typeof manifest.name === 'string' ? manifest.name : folderName;
  } catch {
    return folderName;
  }
}
