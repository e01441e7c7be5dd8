import type { DesiredPlugins } from '../../config/desired/desired-state.ts';
import { invalidConfig } from '../../config/document/settings-reader.ts';
import { claimPluginVariables, type ConfigurablePlugin } from '../../config/plugin/plugin-variables.ts';
import type { RuntimeConfig } from '../../config/runtime-config.ts';

/**
 * A variable that is no plugin's is more likely a slip than a wish. Plugins that are not read may still come.
 *
 * @throws CONFIG_INVALID
 */
export function checkVariables(
  read: readonly ConfigurablePlugin[],
  { config, desired }: { readonly config: RuntimeConfig; readonly desired: DesiredPlugins },
): void {
  const names = new Set([...Object.keys(config.plugins.entries), ...Object.keys(desired)]);
  for (const { name } of read) names.delete(name);
  const unread = Array.from(names, (name) => ({ name, schema: undefined }));
  const { problems } = claimPluginVariables(config.pluginVariables, [...read, ...unread]);
  if (problems.length > 0) throw invalidConfig('the environment', problems);
}
