import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Logger } from '@hotswap/sdk';
import type { DesiredPlugins } from '../../config/desired/desired-state.ts';
import { overlayDesiredState } from '../../config/desired/desired-overlay.ts';
import { overlayVariables } from '../../config/plugin/overlay-variables.ts';
import { plainEntry, type PluginEntry } from '../../config/plugin-entry.ts';
import type { RuntimeConfig } from '../../config/runtime-config.ts';
import type { PluginSource } from '../../loading/plugin-source.ts';
import { findPlugins, provisionalName } from './find-plugins.ts';
import type { WantedPlugin } from './start-plugins.ts';

/** Who says which plugins there are: a folder, the config, and what operators changed. */
export interface WantedParts {
  readonly config: RuntimeConfig;
  readonly desired: DesiredPlugins;
  readonly directory: string | undefined;
  /** The host named the folder itself: that it is missing is an error. */
  readonly isDirectoryRequired: boolean;
  readonly log: Logger;
}

/**
 * Everything that shall run: the directory, then sources that the config or an operator names.
 *
 * @throws PLUGIN_DIRECTORY_UNREADABLE
 */
export async function wantedPlugins(parts: WantedParts): Promise<readonly WantedPlugin[]> {
  const { config, desired, directory, log } = parts;
  const { drift } = overlayDesiredState(config, desired);
  for (const { plugin, message } of drift) log.warn({ plugin_name: plugin }, message);
  const isSearched = directory !== undefined && config.plugins.autoLoad;
  const found = isSearched ? await sourcesIn(directory, parts.isDirectoryRequired) : [];
  const named = await Promise.all(found.map(async (source) => ({ name: await provisionalName(source), source })));
  const { entries } = overlayDesiredState(withVariables(config, named), desired).config.plugins;
  const isUnwanted = (name: string): boolean => entries[name]?.isUnloaded === true;
  const wanted = new Map<string, WantedPlugin>();
  for (const { name, source } of named) {
    if (!isUnwanted(name)) wanted.set(name, { name, source, entry: entries[name] ?? plainEntry });
  }
  for (const [name, entry] of Object.entries(entries)) {
    if (entry.source !== undefined && !isUnwanted(name)) wanted.set(name, { name, source: entry.source, entry });
    else if (!wanted.has(name) && !isUnwanted(name)) noteMissing(log, name, entry);
  }
  return [...wanted.values()];
}

/** What lies in the plugin directory; nothing where there is none, unless it must be there. */
export async function sourcesIn(directory: string, isRequired: boolean): Promise<readonly PluginSource[]> {
  const isThere = await stat(directory).then(
    () => true,
    () => false,
  );
  return isThere || isRequired ? findPlugins(resolve(directory)) : [];
}

/** A plugin that the config wants and nobody has. */
export function noteMissing(log: Logger, name: string, entry: PluginEntry): void {
  if (entry.enabled) log.warn({ plugin_name: name }, 'the config names a plugin that is not there');
}

/** Whether a plugin shall run, and at which level, can be said by the environment before its schema is known. */
function withVariables(config: RuntimeConfig, found: readonly { readonly name: string }[]): RuntimeConfig {
  const names = new Set([...found.map(({ name }) => name), ...Object.keys(config.plugins.entries)]);
  return overlayVariables(
    config,
    Array.from(names, (name) => ({ name, schema: undefined })),
  );
}
