import { isDeepStrictEqual } from 'node:util';
import type { IsolationLevel } from '@hotswap/protocol';
import { isTable } from './document/settings-reader.ts';
import { startOrder } from './load-order.ts';
import type { OrderedPlugin } from './load-order.ts';
import type { PluginConfigValues } from './plugin-entry.ts';
import type { RuntimeConfig } from './runtime-config.ts';

/** A plugin whose manifest is known, loaded or not. */
export interface KnownPlugin extends OrderedPlugin {
  /** Whether it stands in the plugin directory; else only an entry with a source brings it. */
  readonly isInDirectory: boolean;
}

/** How a config wants one plugin to be. */
export interface WantedPlugin {
  readonly enabled: boolean;
  /** `undefined`: from the plugin directory. */
  readonly source: string | undefined;
  readonly isolation: IsolationLevel | undefined;
  /** Whom it shares its process with. */
  readonly shareProcess: string | undefined;
  /** The file's config, or the operator's override of it. */
  readonly config: PluginConfigValues;
}

/**
 * The one thing to do with one plugin. It takes the plugin to `wanted` as a whole: an `enable` may bring a new
 * config along, a `load` may be of a plugin that stays disabled.
 */
export type ConfigOperation =
  | { readonly type: 'unload'; readonly plugin: string }
  | {
      readonly type: 'load' | 'enable' | 'disable' | 'swap' | 'configure';
      readonly plugin: string;
      readonly wanted: WantedPlugin;
    };

/** What a change of the config asks for. */
export interface ConfigPlan {
  /** First what goes, dependents before what they need; then what comes or changes, dependencies first. */
  readonly operations: readonly ConfigOperation[];
  /** Changed settings that hold only after a restart, as they are written in the file. */
  readonly restart: readonly string[];
  /** Changed settings that can be taken over at once. */
  readonly settings: readonly string[];
}

/** The smallest set of operations that leads from one config to another (pure). */
export function planConfigChange(
  current: RuntimeConfig,
  next: RuntimeConfig,
  plugins: readonly KnownPlugin[],
): ConfigPlan {
  const before = wantedPlugins(current, plugins);
  const after = wantedPlugins(next, plugins);
  const operations = [...new Set([...before.keys(), ...after.keys()])].flatMap((plugin) => {
    return operationFor(plugin, before.get(plugin), after.get(plugin)) ?? [];
  });
  const changed = changedSettings(current, next);
  return {
    operations: inOrder(operations, plugins, next.plugins.loadOrder),
    restart: changed.filter(needsRestart),
    settings: changed.filter((key) => !needsRestart(key)),
  };
}

/** The plugins that a config wants to be there, and how (pure). */
export function wantedPlugins(
  { plugins }: RuntimeConfig,
  known: readonly KnownPlugin[],
): ReadonlyMap<string, WantedPlugin> {
  const wanted = new Map<string, WantedPlugin>();
  if (!plugins.enabled) return wanted;
  for (const { name, isInDirectory } of known) {
    if (isInDirectory && plugins.autoLoad) wanted.set(name, { enabled: true, ...fromDirectory, config: {} });
  }
  const inDirectory = new Set(known.filter(({ isInDirectory }) => isInDirectory).map(({ name }) => name));
  for (const [name, entry] of Object.entries(plugins.entries)) {
    const { enabled, source, isolation, shareProcess, config, override, isUnloaded } = entry;
    if (isUnloaded || (source === undefined && !inDirectory.has(name))) wanted.delete(name);
    else wanted.set(name, { enabled, source, isolation, shareProcess, config: override ?? config });
  }
  return wanted;
}

const fromDirectory = { source: undefined, isolation: undefined, shareProcess: undefined };

function operationFor(
  plugin: string,
  before: WantedPlugin | undefined,
  wanted: WantedPlugin | undefined,
): ConfigOperation | undefined {
  if (!wanted) return before && { type: 'unload', plugin };
  if (!before) return { type: 'load', plugin, wanted };
  if (before.enabled !== wanted.enabled) return { type: wanted.enabled ? 'enable' : 'disable', plugin, wanted };
  const isSamePlace = before.isolation === wanted.isolation && before.shareProcess === wanted.shareProcess;
  if (!isSamePlace || before.source !== wanted.source) return { type: 'swap', plugin, wanted };
  return isDeepStrictEqual(before.config, wanted.config) ? undefined : { type: 'configure', plugin, wanted };
}

function inOrder(
  operations: readonly ConfigOperation[],
  plugins: readonly KnownPlugin[],
  loadOrder: readonly string[],
): readonly ConfigOperation[] {
  const known = new Set(plugins.map(({ name }) => name));
  const unknown = operations.filter(({ plugin }) => !known.has(plugin));
  const all = [...plugins, ...unknown.map(({ plugin }) => ({ name: plugin, kinds: [], dependencies: [] }))];
  const places = new Map(startOrder(all, loadOrder).map((name, index) => [name, index]));
  const place = ({ plugin }: ConfigOperation): number => places.get(plugin) ?? places.size;
  const isGoing = ({ type }: ConfigOperation): boolean => type === 'unload' || type === 'disable';
  return [
    ...operations.filter(isGoing).toSorted((a, b) => place(b) - place(a)),
    ...operations.filter((operation) => !isGoing(operation)).toSorted((a, b) => place(a) - place(b)),
  ];
}

/** Listeners, folders and the host's own sections are taken up once, at start. */
function needsRestart(key: string): boolean {
  return key.startsWith('server.') || key.startsWith('host.') || ['plugins.directory', 'plugins.watch'].includes(key);
}

function changedSettings(current: RuntimeConfig, next: RuntimeConfig): readonly string[] {
  const settingsOf = ({ server, plugins: { entries: _, ...plugins }, secrets, host }: RuntimeConfig): unknown => {
    return { server, plugins, secrets, host };
  };
  return changedKeys(settingsOf(current), settingsOf(next), '');
}

/** Names each changed setting as the file does: without the unit, an address as one. */
function changedKeys(before: unknown, after: unknown, path: string): readonly string[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isTable(before) || !isTable(after) || path.endsWith('.bind') || path.startsWith('secrets.')) {
    return [path.replace(/(?:Ms|Bytes)$/, '')];
  }
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => changedKeys(before[key], after[key], path === '' ? key : `${path}.${key}`));
}
