import { plainEntry } from '../plugin-entry.ts';
import type { PluginEntry } from '../plugin-entry.ts';
import type { RuntimeConfig } from '../runtime-config.ts';
import { layerConfig } from './config-layers.ts';
import type { ConfigurablePlugin } from './plugin-variables.ts';
import { claimPluginVariables } from './plugin-variables.ts';

/** A config whose plugins are as file and environment together say (pure). Of two that differ the environment holds. */
export function overlayVariables(config: RuntimeConfig, plugins: readonly ConfigurablePlugin[]): RuntimeConfig {
  const { byPlugin } = claimPluginVariables(config.pluginVariables, plugins);
  const entries: Record<string, PluginEntry> = { ...config.plugins.entries };
  for (const [plugin, { enabled, isolation, config: environment }] of byPlugin) {
    const entry = entries[plugin] ?? plainEntry;
    entries[plugin] = {
      ...entry,
      enabled: enabled ?? entry.enabled,
      isolation: isolation ?? entry.isolation,
      config: layerConfig({ file: entry.config, environment }).config,
    };
  }
  return { ...config, plugins: { ...config.plugins, entries } };
}
