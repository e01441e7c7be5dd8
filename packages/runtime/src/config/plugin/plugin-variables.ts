import type { IsolationLevel, JsonSchema } from '@hotswap/protocol';
import type { ConfigProblem } from '../document/settings-reader.ts';
import { didYouMean, isTable, upperSnake } from '../document/settings-reader.ts';
import { nearestName } from '../../nearest-name.ts';
import { flag, fromJson, isolation, listFromText } from '../document/setting-kinds.ts';
import type { PluginConfigValues } from '../plugin-entry.ts';
import { pluginVariablePrefix } from '../runtime-config.ts';

/** What the environment says about one plugin. */
export interface PluginVariables {
  readonly enabled: boolean | undefined;
  readonly isolation: IsolationLevel | undefined;
  readonly config: PluginConfigValues;
}

/** A plugin whose schema is known. */
export interface ConfigurablePlugin {
  readonly name: string;
  readonly schema: JsonSchema | undefined;
}

/** Every variable sorted to its plugin, and the ones that fit none. */
export interface ClaimedVariables {
  readonly byPlugin: ReadonlyMap<string, PluginVariables>;
  readonly problems: readonly ConfigProblem[];
}

/** A setting that a variable may name: `db.poolSize` is `DB_POOL_SIZE`. */
interface Setting {
  readonly path: readonly string[];
  readonly schema: JsonSchema;
}

/**
 * Sorts `HOTSWAP_PLUGIN_<NAME>_<KEY>` variables to the plugins they mean and types them by the plugins' schemas.
 *
 * `<KEY>` is `ENABLED`, `ISOLATION`, or a key of the plugin's config. Lists are separated by commas or JSON, objects
 * are JSON. A plugin without a schema gets camelCase keys, and JSON values where the text is JSON.
 */
export function claimPluginVariables(
  variables: Readonly<Record<string, string>>,
  plugins: readonly ConfigurablePlugin[],
): ClaimedVariables {
  // The longest name first: RATELIMIT_GEO_X belongs to ratelimit-geo even if there is a plugin named ratelimit.
  const targets = plugins
    .map(({ name, schema }) => ({ name, schema, prefix: `${pluginVariablePrefix}${upperSnake(name)}_` }))
    .toSorted((a, b) => b.prefix.length - a.prefix.length);
  const byPlugin = new Map<string, PluginVariables>();
  const problems: ConfigProblem[] = [];
  for (const [variable, text] of Object.entries(variables)) {
    const target = targets.find(({ prefix }) => variable.startsWith(prefix));
    if (!target) {
      const nearest = nearestName(
        variable,
        targets.map(({ prefix }) => prefix),
      );
      problems.push({ path: variable, message: `belongs to no plugin${didYouMean(nearest && `${nearest}...`)}` });
      continue;
    }
    const before = byPlugin.get(target.name) ?? { enabled: undefined, isolation: undefined, config: {} };
    const claimed = claim(before, { key: variable.slice(target.prefix.length), text, target });
    if (typeof claimed === 'string') problems.push({ path: variable, message: claimed });
    else byPlugin.set(target.name, claimed);
  }
  return { byPlugin, problems };
}

interface Claim {
  readonly key: string;
  readonly text: string;
  readonly target: ConfigurablePlugin & { readonly prefix: string };
}

/** The plugin's variables with one more; or the sentence that says why it cannot be. */
function claim(before: PluginVariables, { key, text, target }: Claim): PluginVariables | string {
  const settings = target.schema ? settingsOf(target.schema, []) : undefined;
  const setting = settings?.find(({ path }) => path.map(upperSnake).join('_') === key);
  if (setting) {
    const value = valueOf(text, setting.schema);
    return value === undefined
      ? `must be ${String(setting.schema['type'])} for ${setting.path.join('.')}`
      : { ...before, config: withValue(before.config, setting.path, value) };
  }
  if (key === 'ENABLED') {
    const enabled = flag.read(flag.fromText(text));
    return enabled === undefined ? `must be ${flag.expects}` : { ...before, enabled };
  }
  if (key === 'ISOLATION') {
    const level = isolation.read(text);
    return level === undefined ? `must be ${isolation.expects}` : { ...before, isolation: level };
  }
  if (settings === undefined) {
    return { ...before, config: { ...before.config, [camelCase(key)]: fromJson(text) ?? text } };
  }
  const known = ['ENABLED', 'ISOLATION', ...settings.map(({ path }) => path.map(upperSnake).join('_'))];
  const nearest = nearestName(key, known);
  return `is no setting of ${target.name}${didYouMean(nearest && target.prefix + nearest)}`;
}

function settingsOf(schema: JsonSchema, path: readonly string[]): readonly Setting[] {
  const properties = isTable(schema['properties']) ? schema['properties'] : {};
  return Object.entries(properties).flatMap(([key, inner]) => {
    if (!isTable(inner)) return [];
    return [{ path: [...path, key], schema: inner }, ...settingsOf(inner, [...path, key])];
  });
}

/** Text stays text where the schema allows it; `undefined` where the text is nothing the schema could mean. */
function valueOf(text: string, schema: JsonSchema): unknown {
  const types = Array.isArray(schema['type']) ? schema['type'] : [schema['type']];
  if (types.includes('array')) return listOf(text, schema['items']);
  if (types.includes('string')) return text;
  if (types.includes('boolean')) return flag.fromText(text);
  return fromJson(text) ?? (types[0] === undefined ? text : undefined);
}

function listOf(text: string, items: unknown): unknown {
  const list = listFromText(text);
  if (text.trimStart().startsWith('[') || !Array.isArray(list) || !isTable(items)) return list;
  const values = list.map((item) => valueOf(String(item), items));
  return values.includes(undefined) ? undefined : values;
}

function withValue(config: PluginConfigValues, path: readonly string[], value: unknown): PluginConfigValues {
  const [key = '', ...rest] = path;
  if (rest.length === 0) return { ...config, [key]: value };
  const inner = config[key];
  return { ...config, [key]: withValue(isTable(inner) ? inner : {}, rest, value) };
}

function camelCase(key: string): string {
  return key.toLowerCase().replace(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
