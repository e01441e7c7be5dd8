import type { HealthWord, PluginStatus } from '../status.ts';

/** How a whole runtime is doing: `degraded` when some plugins failed, `unhealthy` when all did. */
export type OverallStatus = 'healthy' | 'degraded' | 'unhealthy';

/** One plugin's health, as every endpoint shows it. `last_check` is in unix seconds, 0 for never. */
export interface HealthBody {
  readonly status: HealthWord;
  readonly state: string;
  readonly last_check: number;
  readonly checks: { readonly active_requests: number };
}

export interface HealthSummary {
  readonly healthy_count: number;
  readonly unhealthy_count: number;
  readonly total_count: number;
  readonly overall_status: OverallStatus;
}

/** The health word of one plugin. A reload with the old generation still serving is no illness. */
export function healthWordOf(plugin: PluginStatus): HealthWord {
  if (plugin.state === 'failed') return 'unhealthy';
  const isServingOld = plugin.state === 'reloading' && plugin.generation !== undefined;
  return isServingOld && plugin.health.status === 'unknown' ? 'healthy' : plugin.health.status;
}

export function healthOf(plugin: PluginStatus): HealthBody {
  return {
    status: healthWordOf(plugin),
    state: plugin.state,
    last_check: unixSeconds(plugin.health.checkedAt),
    checks: { active_requests: plugin.activeRequests },
  };
}

/** Counts the plugins that are meant to run; disabled ones are left out. No plugins at all is healthy. */
export function summarise(plugins: readonly PluginStatus[]): HealthSummary {
  const words = plugins.filter((plugin) => plugin.state !== 'disabled').map(healthWordOf);
  const unhealthy = words.filter((word) => word === 'unhealthy').length;
  return {
    healthy_count: words.filter((word) => word === 'healthy').length,
    unhealthy_count: unhealthy,
    total_count: words.length,
    overall_status: overallOf(unhealthy, words.length),
  };
}

/** Moments on the wire are whole unix seconds. */
export function unixSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1_000);
}

function overallOf(unhealthy: number, total: number): OverallStatus {
  if (unhealthy === 0) return 'healthy';
  return unhealthy === total ? 'unhealthy' : 'degraded';
}
