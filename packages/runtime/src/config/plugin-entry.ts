import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { reservedNames } from '@hotswap/protocol';
import type { IsolationLevel } from '@hotswap/protocol';
import { flag, isolation, text } from './document/setting-kinds.ts';
import { isTable } from './document/settings-reader.ts';
import type { SettingsSection } from './document/settings-reader.ts';
import { readRecovery } from './recovery-config.ts';
import type { RecoveryWish } from '../recovery/recovery-policy.ts';

/** What operators say about one plugin. */
export interface PluginEntry {
  /** Default true. */
  readonly enabled: boolean;
  /** The kind the plugin is expected to be of. */
  readonly type: string | undefined;
  /** `undefined`: what the plugin asks for. */
  readonly isolation: IsolationLevel | undefined;
  /** Name of the process that it shares with others of that name at level `sandbox`. `undefined`: it has one alone. */
  readonly shareProcess: string | undefined;
  /** `undefined`: the plugin of this name in the plugin directory. Relative paths are made absolute. */
  readonly source: string | undefined;
  /** Not yet checked against the plugin's schema. */
  readonly config: PluginConfigValues;
  /** The whole config an operator has set; it replaces `config`. Never from a file: see `overlayDesiredState`. */
  readonly override: PluginConfigValues | undefined;
  /** What shall happen when it goes down, where that differs from what the plugin says. */
  readonly recovery: RecoveryWish | undefined;
  /** Whether an operator has unloaded it: it stays away although the file or the directory has it. */
  readonly isUnloaded: boolean;
}

/** A plugin's own config: plain JSON values by key. */
export type PluginConfigValues = Readonly<Record<string, unknown>>;

/** What holds for a plugin that no file mentions. */
export const plainEntry: PluginEntry = {
  enabled: true,
  type: undefined,
  isolation: undefined,
  shareProcess: undefined,
  source: undefined,
  config: {},
  override: undefined,
  recovery: undefined,
  isUnloaded: false,
};

const pluginName = /^(?:@[a-z0-9][a-z0-9-]*\/)?[a-z0-9][a-z0-9-]{0,63}$/;

/**
 * Reads every `[plugins.NAME]` and `[plugins.config.NAME]`; the two may stand side by side for one plugin.
 *
 * Call it after the other keys of `[plugins]` were asked for: the tables that remain are plugins.
 */
export function readPluginEntries(plugins: SettingsSection, folder: string): Readonly<Record<string, PluginEntry>> {
  const direct = plugins.sectionOfFile('config');
  const isEntry = (name: string): boolean => pluginName.test(name) && !reservedNames.includes(name);
  const named = plugins.remaining().filter((key) => isTable(plugins.peek(key)));
  const names = [...new Set([...named, ...direct.remaining()])];
  const entries = names.map((name): readonly [string, PluginEntry] => {
    if (!isEntry(name)) {
      const section = named.includes(name) ? plugins : direct;
      section.report(
        name,
        'cannot be the name of a plugin: lower-case letters, digits and dashes, and not a reserved word',
      );
    }
    return [name, readEntry({ name, plugins, direct, folder })];
  });
  direct.close();
  return Object.fromEntries(entries);
}

interface EntryPlace {
  readonly name: string;
  readonly plugins: SettingsSection;
  readonly direct: SettingsSection;
  readonly folder: string;
}

function readEntry({ name, plugins, direct, folder }: EntryPlace): PluginEntry {
  const section = plugins.sectionOfFile(name);
  const values = direct.section(name);
  const config = section.section('config').takeAll();
  const enabled = section.read('enabled', flag, undefined);
  const enabledDirect = values.read('enabled', flag, undefined);
  if (enabled !== undefined && enabledDirect !== undefined && enabled !== enabledDirect) {
    values.report('enabled', `is ${enabledDirect} here and ${enabled} in [plugins.${name}]; keep one`);
  }
  const source = section.read('source', text, undefined);
  const entry: PluginEntry = {
    ...plainEntry,
    enabled: enabled ?? enabledDirect ?? true,
    type: section.read('type', text, undefined),
    isolation: section.read('isolation', isolation, undefined),
    shareProcess: section.read('shareProcess', text, undefined),
    recovery: readRecovery(section),
    source: source !== undefined && /^\.{1,2}(?:\/|$)/.test(source) ? resolve(folder, source) : source,
    config: mergeSpellings(config, values.takeAll(), (path) => {
      values.reportBelow(path, `differs from [plugins.${name}] config.${path.join('.')}; keep one`);
    }),
  };
  section.close((key) => `for the plugin's own config write config.${key}`);
  return entry;
}

/** Both spellings as one config; `onConflict` hears of each key that has two different values. */
function mergeSpellings(
  left: PluginConfigValues,
  right: PluginConfigValues,
  onConflict: (path: readonly string[]) => void,
): PluginConfigValues {
  const merged = new Map(Object.entries(left));
  for (const [key, value] of Object.entries(right)) {
    const other = merged.get(key);
    if (isTable(other) && isTable(value)) {
      merged.set(
        key,
        mergeSpellings(other, value, (below) => onConflict([key, ...below])),
      );
    } else if (merged.has(key) && !isDeepStrictEqual(other, value)) onConflict([key]);
    else merged.set(key, value);
  }
  return Object.fromEntries(merged);
}
