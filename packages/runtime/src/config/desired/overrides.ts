import { basename, dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { PluginsConfig } from '../plugins-config.ts';
import { configKeys, fileValue } from './desired-change.ts';
import type { DesiredPlugin } from './desired-change.ts';
import type { DesiredPlugins } from './desired-state.ts';

/** One setting of a plugin that operators want otherwise than the config file has it. */
export interface ConfigOverride {
  readonly plugin: string;
  /** `enabled`, `source`, `isolation` or `config.KEY`. */
  readonly key: string;
  /** `undefined`: the file says nothing. May be secret, like `wanted`. */
  readonly inFile: unknown;
  /** `undefined`: the key is to be gone. */
  readonly wanted: unknown;
  /** When it was last changed, in milliseconds since the epoch, by whom and why. */
  readonly at: number;
  readonly actor?: string | undefined;
  readonly reason?: string | undefined;
}

/**
 * Where operators' wishes differ from what the file says, plugin by plugin (pure). A file has no word for "unloaded":
 * the nearest is a plugin that is not enabled.
 */
export function listOverrides(
  { entries, directory }: Pick<PluginsConfig, 'entries' | 'directory'>,
  desired: DesiredPlugins,
): readonly ConfigOverride[] {
  return Object.entries(desired).flatMap(([plugin, wish]) => {
    const { at, actor, reason } = wish.changed;
    const entry = entries[plugin];
    const keysInFile = wish.config ? configKeys(entry) : [];
    const wanted: Readonly<Record<string, unknown>> = {
      ...Object.fromEntries(keysInFile.map((key) => [key, undefined])),
      ...wantedSettings(wish),
    };
    const isAtHome = entry?.source === undefined && isDefaultSource(wish.source, plugin, directory);
    return Object.keys(wanted)
      .filter((key) => !(key === 'source' && isAtHome) && !isDeepStrictEqual(fileValue(entry, key), wanted[key]))
      .map((key) => ({ plugin, key, inFile: fileValue(entry, key), wanted: wanted[key], at, actor, reason }));
  });
}

function wantedSettings({ presence, enabled, source, isolation, config }: DesiredPlugin) {
  const isEnabled = presence === 'unloaded' ? false : enabled;
  return {
    ...(isEnabled !== undefined && { enabled: isEnabled }),
    ...(source !== undefined && { source }),
    ...(isolation !== undefined && { isolation }),
    ...Object.fromEntries(Object.entries(config?.config ?? {}).map(([key, value]) => [`config.${key}`, value])),
  };
}

/** Whether a source is where the plugin directory has the plugin anyway. */
function isDefaultSource(source: string | undefined, plugin: string, directory: string): boolean {
  return source !== undefined && dirname(source) === directory && basename(source) === plugin;
}
