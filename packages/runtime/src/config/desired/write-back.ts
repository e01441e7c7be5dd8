import { stringify } from 'smol-toml';
import { isTable } from '../document/settings-reader.ts';
import { fail } from '../../errors.ts';
import type { ConfigOverride } from './overrides.ts';

type Table = Readonly<Record<string, unknown>>;

/**
 * A config document as TOML, with operators' overrides in it (pure). Comments are no part of a document and are lost.
 *
 * @param document what `readConfigDocument` gave
 * @throws CONFIG_NOT_TOML for a value that TOML has no word for
 */
export function writeBack(document: unknown, overrides: readonly ConfigOverride[]): string {
  const root = overrides.reduce(withOverride, isTable(document) ? document : {});
  return `${stringify(root).trimEnd()}\n`;
}

/** A plugin's settings may be written in two places, which must not contradict each other: one is left. */
function withOverride(root: Table, { plugin, key, wanted }: ConfigOverride): Table {
  if (holdsNull(wanted)) throw fail('CONFIG_NOT_TOML', { plugin, key });
  const isConfig = key.startsWith('config.');
  const name = isConfig ? key.slice('config.'.length) : key;
  const path = isConfig ? ['config', name] : [name];
  const only = withValue(root, ['plugins', 'config', plugin, name], undefined);
  return withValue(only, ['plugins', plugin, ...path], wanted);
}

/** The table with a value at a path; without it when the value is `undefined`, and without tables left empty by that. */
function withValue(table: Table, [key = '', ...below]: readonly string[], value: unknown): Table {
  const inner = table[key];
  const next = below.length === 0 ? value : filled(withValue(isTable(inner) ? inner : {}, below, value));
  if (next !== undefined) return { ...table, [key]: next };
  return Object.fromEntries(Object.entries(table).filter(([name]) => name !== key));
}

function filled(table: Table): Table | undefined {
  return Object.keys(table).length === 0 ? undefined : table;
}

function holdsNull(value: unknown): boolean {
  if (value === null) return true;
  return typeof value === 'object' && Object.values(value).some(holdsNull);
}
