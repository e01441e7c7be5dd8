import type { HealthWord, PublicState } from '@hotswap/runtime';
import type { PluginList } from '../../client/management-answers.ts';
import type { Style } from '../../output/style.ts';
import { formatTable } from '../../output/table.ts';
import type { Verb } from '../../verb.ts';

/** `hotswap plugin list`. */
export const list: Verb<object, PluginList> = {
  name: 'list',
  summary: 'list the plugins, their states and their health',
  examples: ['hotswap plugin list', 'hotswap plugin list --json'],
  run: async (call) => (await call.connect()).list(),
  print(result, { style }) {
    if (result.plugins.length === 0) return 'no plugins are loaded: add one with "hotswap plugin load ./my-plugin"';
    return formatTable(
      result.plugins,
      [
        { title: 'name', cell: (plugin) => style.bold(plugin.name) },
        { title: 'state', cell: (plugin) => colourState(plugin.status, style) },
        { title: 'health', cell: (plugin) => colourHealth(plugin.health.status, style) },
        { title: 'version', cell: (plugin) => plugin.version ?? '-' },
        { title: 'generation', align: 'right', cell: (plugin) => String(plugin.generation ?? '-') },
        { title: 'isolation', cell: (plugin) => plugin.isolation ?? '-' },
        { title: 'requests', align: 'right', cell: (plugin) => String(plugin.health.checks.active_requests) },
      ],
      style,
    );
  },
};

/** The word of a state in the colour of who should look at it. */
export function colourState(state: PublicState, style: Style): string {
  if (state === 'active') return style.good(state);
  if (state === 'failed') return style.bad(state);
  return state === 'disabled' ? style.dim(state) : style.caution(state);
}

/** The same for health. */
export function colourHealth(health: HealthWord, style: Style): string {
  if (health === 'healthy') return style.good(health);
  return health === 'unhealthy' ? style.bad(health) : style.dim(health);
}
