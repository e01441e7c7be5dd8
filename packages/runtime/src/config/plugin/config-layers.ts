import { isTable } from '../document/settings-reader.ts';
import type { PluginConfigValues } from '../plugin-entry.ts';

/** Whose word a plugin's config is; shown in status. */
export type ConfigSource = 'defaults' | 'file' | 'environment' | 'api';

/** What has been said about one plugin's config, weakest first. The schema's defaults are filled in afterwards. */
export interface ConfigLayers {
  readonly file?: PluginConfigValues | undefined;
  readonly environment?: PluginConfigValues | undefined;
  /** A whole config: it replaces what file and environment say. */
  readonly api?: PluginConfigValues | undefined;
  /** Laid over everything else, for one tenant. */
  readonly tenant?: PluginConfigValues | undefined;
}

/** One config out of its layers, and the strongest layer that says anything; a tenant's is not counted. */
export function layerConfig({ file = {}, environment = {}, api, tenant = {} }: ConfigLayers): {
  readonly config: PluginConfigValues;
  readonly source: ConfigSource;
} {
  const shared = api ?? layOver(file, environment);
  const config = layOver(shared, tenant);
  if (api) return { config, source: 'api' };
  if (Object.keys(environment).length > 0) return { config, source: 'environment' };
  return { config, source: Object.keys(file).length > 0 ? 'file' : 'defaults' };
}

/** Tables are merged key by key; everything else, lists too, is replaced. */
function layOver(below: PluginConfigValues, above: PluginConfigValues): PluginConfigValues {
  const merged = new Map(Object.entries(below));
  for (const [key, value] of Object.entries(above)) {
    const under = merged.get(key);
    merged.set(key, isTable(under) && isTable(value) ? layOver(under, value) : value);
  }
  return Object.fromEntries(merged);
}
