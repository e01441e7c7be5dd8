import { dirname, resolve } from 'node:path';
import { readConfigDocument } from './document/config-document.ts';
import type { ConfigFormat } from './document/config-document.ts';
import type { KeyPath, Position } from './document/position-index.ts';
import type { Bind } from './document/setting-kinds.ts';
import { invalidConfig, isTable, SettingsReader, variablePrefix } from './document/settings-reader.ts';
import type { PluginsConfig } from './plugins-config.ts';
import { readPluginsConfig } from './plugins-config.ts';
import type { SecretReference } from './secret-reference.ts';
import { readSecretReferences } from './secret-reference.ts';
import type { ServerConfig } from './server-config.ts';
import { readServerConfig } from './server-config.ts';

/** Everything an operator has decided, in units the program uses: milliseconds, bytes, absolute paths. */
export interface RuntimeConfig {
  readonly server: ServerConfig;
  readonly plugins: PluginsConfig;
  /** Where secrets come from, by name. A literal stands here in the clear: show names only. */
  readonly secrets: Readonly<Record<string, SecretReference>>;
  /** `HOTSWAP_PLUGIN_*` variables; they are understood once the plugins' schemas are known. */
  readonly pluginVariables: Readonly<Record<string, string>>;
  /** Where each entry of `loadOrder` stands, as `hotswap.toml:5:14`; it is judged once the plugins are known. */
  readonly loadOrderPlaces: readonly (string | undefined)[];
  /** Sections that belong to the host, as they stand in the file. */
  readonly host: Readonly<Record<string, unknown>>;
  /** What an operator must be told: signatures off, secrets in the clear. */
  readonly notices: readonly string[];
}

/** A config and the way back into its text. */
export interface ParsedConfig {
  readonly config: RuntimeConfig;
  readonly file: string;
  /** The place of a key, such as `['plugins', 'loadOrder', 1]`, or of the nearest table around it. */
  locate(path: KeyPath): Position | undefined;
  /** The place of a key of a plugin's own config, in whichever of the two spellings it is written. */
  locatePluginKey(plugin: string, path: KeyPath): Position | undefined;
}

/** Where a config text comes from and what surrounds it. */
export interface ParseOptions {
  readonly format: ConfigFormat;
  /** For messages; relative paths in the config start from its folder. */
  readonly file: string;
  /** Default: no variables. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Where a relative `file` starts from. */
  readonly cwd: string;
  /** Where to listen if nothing says so; default 127.0.0.1:8080. */
  readonly defaultBind?: Bind;
  /** Sections that the host reads itself. */
  readonly hostSections?: readonly string[];
}

/** Variables with the prefix that are read elsewhere: by the command line and by hosts. */
const ignoredVariables: readonly string[] = ['HOTSWAP_CONFIG', 'HOTSWAP_LOG_LEVEL', 'HOTSWAP_TOKEN', 'HOTSWAP_URL'];

/** Variables with this prefix set a plugin's entry or config. */
export const pluginVariablePrefix = 'HOTSWAP_PLUGIN_';

/**
 * Reads a config text, lets the environment override it, and fills in defaults.
 *
 * @throws CONFIG_SYNTAX if the text is no TOML, YAML or JSON
 * @throws CONFIG_INVALID with every unknown key and wrong value, each with its place
 * @example
 * const { config } = parseRuntimeConfig('[server]\nbind = ":8080"', { format: 'toml', file: 'hotswap.toml', cwd: '/srv' });
 */
export function parseRuntimeConfig(text: string, options: ParseOptions): ParsedConfig {
  const { format, file, cwd, env = {}, defaultBind = { host: '127.0.0.1', port: 8080 } } = options;
  const document = readConfigDocument(text, format, file);
  const variables = ownVariables(env);
  const reader = new SettingsReader(document, variables);
  const folder = dirname(resolve(cwd, file));

  const server = readServerConfig(reader.root.section('server'), folder, defaultBind);
  const plugins = readPluginsConfig(reader.root.section('plugins'), folder);
  const secrets = readSecretReferences(reader.root.sectionOfFile('secrets'), folder);
  const host = Object.fromEntries((options.hostSections ?? []).map((name) => [name, reader.root.raw(name)]));
  reader.root.close();
  const pluginVariables = sortVariables(reader, variables, secrets);

  const problems = reader.problems();
  if (problems.length > 0) throw invalidConfig(file, problems);
  return {
    config: {
      server,
      plugins,
      secrets,
      pluginVariables,
      loadOrderPlaces: plugins.loadOrder.map((_, index) =>
        placeOf(file, document.locate(['plugins', 'loadOrder', index])),
      ),
      host,
      notices: noticesOf(plugins, secrets),
    },
    file,
    locate: (path) => document.locate(path),
    locatePluginKey: (plugin, path) => {
      const direct: KeyPath = ['plugins', 'config', plugin, ...path];
      return document.locate(hasPath(document.value, direct) ? direct : ['plugins', plugin, 'config', ...path]);
    },
  };
}

function ownVariables(env: Readonly<Record<string, string | undefined>>): ReadonlyMap<string, string> {
  const own = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith(variablePrefix) && value !== undefined) own.set(name, value);
  }
  return own;
}

/** Keeps the plugins' variables for later and reports the ones that are nobody's. */
function sortVariables(
  reader: SettingsReader,
  variables: ReadonlyMap<string, string>,
  secrets: Readonly<Record<string, SecretReference>>,
): Readonly<Record<string, string>> {
  const known = new Set(ignoredVariables);
  for (const secret of Object.values(secrets)) if (secret.type === 'env') known.add(secret.variable);
  const forPlugins: Record<string, string> = {};
  for (const [name, value] of variables) {
    if (known.has(name) || reader.isSettingVariable(name)) continue;
    // HOTSWAP_PLUGIN_DIRECTORY is far more likely a slip than a plugin named "directory".
    const isSlip = reader.isSettingVariable(name.replace(pluginVariablePrefix, 'HOTSWAP_PLUGINS_'));
    if (name.startsWith(pluginVariablePrefix) && !isSlip) forPlugins[name] = value;
    else reader.reportUnknownVariable(name);
  }
  return forPlugins;
}

function placeOf(file: string, position: Position | undefined): string | undefined {
  return position && `${file}:${position.line}:${position.column}`;
}

function noticesOf(plugins: PluginsConfig, secrets: Readonly<Record<string, SecretReference>>): readonly string[] {
  const notices: string[] = [];
  if (!plugins.security.verifySignatures)
    notices.push('plugins.security.verifySignatures is false: any code is loaded');
  if (plugins.security.allowUnsigned)
    notices.push('plugins.security.allowUnsigned is true: unsigned plugins are loaded');
  for (const [name, secret] of Object.entries(secrets)) {
    if (secret.type !== 'literal') continue;
    notices.push(`secret ${name} stands in the config file; move it to env:VARIABLE or file:PATH`);
  }
  return notices;
}

function hasPath(value: unknown, path: KeyPath): boolean {
  let inner = value;
  for (const part of path) {
    if (Array.isArray(inner) && typeof part === 'number') inner = inner[part];
    else if (isTable(inner)) inner = inner[part];
    else return false;
  }
  return inner !== undefined;
}
