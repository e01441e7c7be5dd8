import { createHash } from 'node:crypto';
import type { IsolationLevel } from '@hotswap/protocol';
import { fail } from '../../errors.ts';
import { plainEntry } from '../plugin-entry.ts';
import type { PluginConfigValues, PluginEntry } from '../plugin-entry.ts';

/** Who changed something, when (milliseconds since the epoch) and why. */
export interface ChangeStamp {
  readonly at: number;
  readonly actor?: string;
  readonly reason?: string;
}

/** A config an operator has set. Versions of one plugin count up and are never used again. */
export interface ConfigVersion extends ChangeStamp {
  readonly version: number;
  readonly config: PluginConfigValues;
}

/** What operators want of one plugin, where that differs from the file. */
export interface DesiredPlugin {
  readonly presence?: 'loaded' | 'unloaded';
  readonly source?: string;
  readonly enabled?: boolean;
  readonly isolation?: IsolationLevel;
  readonly config?: ConfigVersion;
  /** Newest first. */
  readonly earlierConfigs: readonly ConfigVersion[];
  /** Digests of what the file said about the overridden keys at that time; they tell later edits of the file. */
  readonly baseline: Readonly<Record<string, string>>;
  readonly changed: ChangeStamp;
}

/** A wish of an operator. `restore-config` makes an earlier version the newest; `follow-file` takes all wishes back. */
export type DesiredChange =
  | { readonly type: 'load'; readonly source: string }
  | { readonly type: 'unload' }
  | { readonly type: 'enable' }
  | { readonly type: 'disable' }
  | { readonly type: 'isolate'; readonly isolation: IsolationLevel }
  | { readonly type: 'configure'; readonly config: PluginConfigValues }
  | { readonly type: 'restore-config'; readonly version: number }
  | { readonly type: 'follow-file' };

/** What a change is made upon. */
export interface DesiredPlace {
  readonly plugin: string;
  readonly before: DesiredPlugin | undefined;
  /** What the file says about the plugin now. */
  readonly entry: PluginEntry | undefined;
  readonly stamp: ChangeStamp;
}

/** How many earlier configs of a plugin are kept. */
const keptConfigs = 10;

/**
 * What is wanted of a plugin after one more change (pure).
 *
 * @throws CONFIG_VERSION_UNKNOWN
 */
export function applyDesiredChange(change: DesiredChange, place: DesiredPlace): DesiredPlugin {
  const { plugin, entry, stamp } = place;
  const before = place.before ?? { earlierConfigs: [], baseline: {}, changed: stamp };
  const on = (keys: readonly string[]): Pick<DesiredPlugin, 'baseline' | 'changed'> => ({
    baseline: { ...before.baseline, ...Object.fromEntries(keys.map((key) => [key, digestOf(fileValue(entry, key))])) },
    changed: stamp,
  });
  switch (change.type) {
    case 'load':
      return { ...before, ...on(['source']), presence: 'loaded', source: change.source };
    case 'unload': {
      const { source: _, ...rest } = before;
      return { ...rest, ...on([]), presence: 'unloaded' };
    }
    case 'enable':
    case 'disable':
      return { ...before, ...on(['enabled']), enabled: change.type === 'enable' };
    case 'isolate':
      return { ...before, ...on(['isolation']), isolation: change.isolation };
    case 'configure':
      return { ...withConfig(before, change.config, stamp), ...on(configKeys(entry)) };
    case 'restore-config':
      return {
        ...withConfig(before, versionOf(plugin, before, change.version).config, stamp),
        ...on(configKeys(entry)),
      };
    case 'follow-file':
      return { earlierConfigs: allConfigs(before).slice(0, keptConfigs), baseline: {}, changed: stamp };
    default:
      return change satisfies never;
  }
}

/** Every config of a plugin that can be restored, newest first. */
function allConfigs(desired: Pick<DesiredPlugin, 'config' | 'earlierConfigs'>): readonly ConfigVersion[] {
  return desired.config ? [desired.config, ...desired.earlierConfigs] : desired.earlierConfigs;
}

/** What the file says about a key such as `enabled` or `config.greeting`. */
export function fileValue(entry: PluginEntry | undefined, key: string): unknown {
  const { enabled, source, isolation, config } = entry ?? plainEntry;
  if (key.startsWith('config.')) return config[key.slice('config.'.length)];
  return { enabled, source, isolation }[key];
}

/** The keys of the plugin's own config that the file sets. */
export function configKeys(entry: PluginEntry | undefined): readonly string[] {
  return Object.keys(entry?.config ?? {}).map((key) => `config.${key}`);
}

/** A digest and not the value: what is compared may be a secret. */
export function digestOf(value: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(value)) ?? 'absent')
    .digest('base64url');
}

function withConfig(before: DesiredPlugin, config: PluginConfigValues, stamp: ChangeStamp): DesiredPlugin {
  const kept = allConfigs(before);
  const version = (kept[0]?.version ?? 0) + 1;
  return { ...before, config: { ...stamp, version, config }, earlierConfigs: kept.slice(0, keptConfigs) };
}

function versionOf(plugin: string, desired: DesiredPlugin, version: number): ConfigVersion {
  const versions = allConfigs(desired);
  const found = versions.find((candidate) => candidate.version === version);
  if (found) return found;
  const kept = versions.map((candidate) => candidate.version).join(', ') || 'none';
  throw fail('CONFIG_VERSION_UNKNOWN', { plugin, version, kept });
}

/** The order of keys in a file is no difference. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
