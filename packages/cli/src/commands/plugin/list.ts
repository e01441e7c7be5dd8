import type { HealthWord, PublicState } from '@hotswap/runtime';
import type { PluginList, UsageAnswer } from '../../client/management-answers.ts';
import type { Style } from '../../output/style.ts';
import { formatTable } from '../../output/table.ts';
import { formatBytes, formatNetwork, formatViolations } from '../../output/usage-text.ts';
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
        { title: 'isolation', cell: isolationOf },
        { title: 'memory', align: 'right', cell: ({ usage }) => formatSize(usage?.memory_bytes) },
        { title: 'cpu', align: 'right', cell: ({ usage }) => formatPercent(usage?.cpu_percent) },
        { title: 'network', cell: ({ usage }) => (usage && formatNetwork(usage)) ?? '-' },
        { title: 'violations', cell: ({ usage }) => violationsOf(usage, style) },
        { title: 'requests', align: 'right', cell: (plugin) => String(plugin.health.checks.active_requests) },
      ],
      style,
    );
  },
};

/** The level, and which of its layers it lacks. Below `sandbox` that is always the same, and the status of one plugin says it. */
function isolationOf({ isolation, missing_layers: missing = [] }: PluginList['plugins'][number]): string {
  const isConfined = isolation === 'sandbox' || isolation === 'container';
  return isConfined && missing.length > 0 ? `${isolation} without ${missing.join(', ')}` : (isolation ?? '-');
}

function formatSize(bytes: number | null | undefined): string {
  return typeof bytes === 'number' ? formatBytes(bytes) : '-';
}

function formatPercent(percent: number | null | undefined): string {
  return typeof percent === 'number' ? `${percent.toFixed(1)} %` : '-';
}

function violationsOf(usage: UsageAnswer | null | undefined, style: Style): string {
  const violations = usage && formatViolations(usage);
  return violations ? style.caution(violations) : '-';
}

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
