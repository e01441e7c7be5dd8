import { isDeepStrictEqual } from 'node:util';
import { plainEntry } from '../plugin-entry.ts';
import type { PluginEntry } from '../plugin-entry.ts';
import type { RuntimeConfig } from '../runtime-config.ts';
import { configKeys, digestOf, fileValue } from './desired-change.ts';
import type { DesiredPlugin } from './desired-change.ts';

/** An edit of the file that has no effect, because an operator has set the same key. */
export interface ConfigDrift {
  readonly plugin: string;
  /** `enabled`, `source`, `isolation` or `config.KEY`. Values are left out: they may be secret. */
  readonly key: string;
  readonly message: string;
}

/** What operators want, laid over what the file says; and the file's edits that are thereby without effect (pure). */
export function overlayDesiredState(
  config: RuntimeConfig,
  desired: Readonly<Record<string, DesiredPlugin>>,
): { readonly config: RuntimeConfig; readonly drift: readonly ConfigDrift[] } {
  const entries: Record<string, PluginEntry> = { ...config.plugins.entries };
  const drift: ConfigDrift[] = [];
  for (const [plugin, wish] of Object.entries(desired)) {
    const entry = config.plugins.entries[plugin];
    if (saysSomething(wish)) entries[plugin] = overlayEntry(entry ?? plainEntry, wish);
    for (const key of driftedKeys(entry, wish)) {
      const message = `${plugin}: the file's ${key} was edited after an operator had set it; the operator's value holds`;
      drift.push({ plugin, key, message });
    }
  }
  return { config: { ...config, plugins: { ...config.plugins, entries } }, drift };
}

function saysSomething({ presence, enabled, isolation, config }: DesiredPlugin): boolean {
  return presence !== undefined || enabled !== undefined || isolation !== undefined || config !== undefined;
}

function overlayEntry(entry: PluginEntry, wish: DesiredPlugin): PluginEntry {
  return {
    ...entry,
    enabled: wish.enabled ?? entry.enabled,
    isolation: wish.isolation ?? entry.isolation,
    source: wish.source ?? entry.source,
    override: wish.config?.config ?? entry.override,
    isUnloaded: wish.presence === 'unloaded',
  };
}

/** A key has drifted if the file says something new about it that is not what the operator wants anyway. */
function driftedKeys(entry: PluginEntry | undefined, wish: DesiredPlugin): readonly string[] {
  const absent = digestOf(undefined);
  const candidates = new Set([...Object.keys(wish.baseline), ...(wish.config ? configKeys(entry) : [])]);
  return [...candidates].filter((key) => {
    const inFile = fileValue(entry, key);
    const isEdited = digestOf(inFile) !== (wish.baseline[key] ?? absent);
    return isEdited && !isDeepStrictEqual(inFile, wishedValue(wish, key));
  });
}

function wishedValue({ enabled, source, isolation, config }: DesiredPlugin, key: string): unknown {
  if (key.startsWith('config.')) return config?.config[key.slice('config.'.length)];
  return { enabled, source, isolation }[key];
}
