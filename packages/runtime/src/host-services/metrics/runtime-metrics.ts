import type { Operation, PublicState, ResourceType, ThreadsStatus } from '../../status.ts';
import { DurationHistogram } from './duration-histogram.ts';
import type { DurationFacts } from './duration-histogram.ts';
import { histogramSamples } from './exposition.ts';
import type { MetricFamily, Sample } from './exposition.ts';

export type RollbackReason = 'health' | 'error-rate' | 'latency' | 'crash' | 'start-failed' | 'migration' | 'manual';

/** What a scrape shows of recovery; counts are since the plugin was loaded. */
export interface RecoveryCounts {
  readonly breaker: 'closed' | 'half-open' | 'open';
  /** Attempts to bring a generation up, also of the version before. */
  readonly attempts: number;
  readonly quarantines: number;
  readonly escalations: number;
}

/** What a scrape shows of one plugin. Counts are over all generations since it was loaded. */
export interface PluginFacts {
  readonly name: string;
  readonly state: PublicState;
  /** Milliseconds since the epoch. */
  readonly stateSince: number;
  readonly reloadCount: number;
  readonly activeRequests: number;
  /** Open WebSocket connections. */
  readonly connections?: number | undefined;
  readonly invocations: number;
  /** Invocations that ended in an error; part of `invocations`. */
  readonly errors: number;
  /** Errors outside any call, and crashes. */
  readonly panics: number;
  readonly durations: DurationFacts;
  readonly rollbacks: Readonly<Partial<Record<RollbackReason, number>>>;
  readonly violations: Readonly<Partial<Record<ResourceType, number>>>;
  /** What the runtime did about it by itself. */
  readonly recovery?: RecoveryCounts | undefined;
  /** Absent where it cannot be told apart from the host's. */
  readonly memoryBytes?: number | undefined;
  readonly cpuPercent?: number | undefined;
  readonly networkBytes?: number | undefined;
  readonly diskBytes?: number | undefined;
}

/** What a scrape shows of a runtime, read when it is asked for: serving a request updates none of it. */
export interface RuntimeFacts {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly plugins: readonly PluginFacts[];
  readonly sandboxInstances: number;
  /** Absent in a runtime that has none. */
  readonly threads?: (ThreadsStatus & { readonly stuckTotal: number }) | undefined;
  readonly environment: string;
  readonly node: string;
  /** Only where a control plane deploys. */
  readonly deployments?: { readonly inProgress: number; readonly durations: DurationFacts } | undefined;
}

/** Counts the changes of a runtime and shows them, with the facts of its plugins, as metrics. */
export class RuntimeMetrics {
  readonly #prefix: string;
  readonly #operations = new Map<string, { operation: Operation; status: 'success' | 'failure'; count: number }>();
  readonly #loads = new DurationHistogram();
  readonly #rollbacks = new DurationHistogram();
  #failed = 0;

  /** @param options `prefix` of the first group's names; default `hotswap` */
  constructor(options: { readonly prefix?: string } = {}) {
    this.#prefix = options.prefix ?? 'hotswap';
  }

  /** A verb came to its end. */
  operationFinished(operation: Operation, status: 'success' | 'failure', durationMs: number): void {
    const key = `${operation} ${status}`;
    const known = this.#operations.get(key);
    if (known === undefined) this.#operations.set(key, { operation, status, count: 1 });
    else known.count++;
    if (operation === 'load' && status === 'success') this.#loads.record(durationMs);
  }

  /** A plugin is back on an earlier version, by a verb or by itself. */
  rollbackFinished(durationMs: number): void {
    this.#rollbacks.record(durationMs);
  }

  /** A plugin entered the state `failed`. */
  pluginFailed(): void {
    this.#failed++;
  }

  /** The names that plugins must not use. */
  names(): ReadonlySet<string> {
    const durations = new DurationHistogram().facts();
    const facts = {
      now: 0,
      plugins: [],
      sandboxInstances: 0,
      environment: '',
      node: '',
      deployments: { inProgress: 0, durations },
    };
    return new Set(this.families(facts).map(({ name }) => name));
  }

  /** Everything there is to scrape. */
  families(facts: RuntimeFacts): readonly MetricFamily[] {
    return [
      ...prefixedFamilies(this.#prefix, facts, this.#operationSamples()),
      ...pluginFamilies(facts),
      ...threadFamilies(this.#prefix, facts),
      ...deploymentFamilies(facts),
      counter('plugins_registered_total', 'Plugins loaded.', one(this.#successes(['load']))),
      counter('plugins_deployed_total', 'Generations put into service.', one(this.#successes(deployingOperations))),
      counter('plugins_rollback_total', 'Returns to an earlier version.', one(this.#rollbacks.count)),
      counter('plugins_failed_total', 'Times a plugin entered the state failed.', one(this.#failed)),
      durations('plugin_load_duration_seconds', 'How long loads took.', histogramSamples({}, this.#loads.facts())),
      durations('rollback_duration_seconds', 'How long rollbacks took.', histogramSamples({}, this.#rollbacks.facts())),
    ];
  }

  #successes(operations: readonly Operation[]): number {
    let total = 0;
    for (const { operation, status, count } of this.#operations.values()) {
      if (status === 'success' && operations.includes(operation)) total += count;
    }
    return total;
  }

  #operationSamples(): readonly Sample[] {
    return Array.from(this.#operations.values(), ({ operation, status, count }) => ({
      labels: { operation, status },
      value: count,
    }));
  }
}

function threadFamilies(prefix: string, { threads }: RuntimeFacts): MetricFamily[] {
  const { alive = 0, spares = 0, stuck = [], stuckTotal = 0 } = threads ?? {};
  const byState = { alive, spare: spares, stuck: stuck.length };
  return [
    gauge(
      `${prefix}_threads`,
      'Threads of plugins, warm spares, and threads that cannot be ended.',
      Object.entries(byState).map(([state, value]) => ({ labels: { state }, value })),
    ),
    counter(`${prefix}_threads_stuck_total`, 'Threads that could not be ended when they had to.', one(stuckTotal)),
  ];
}

const deployingOperations: readonly Operation[] = [
  'load',
  'reload',
  'swap',
  'configure',
  'enable',
  'restart',
  'rollback',
];

/** The group whose names begin with the operator's prefix. */
function prefixedFamilies(
  prefix: string,
  { now, plugins }: RuntimeFacts,
  operations: readonly Sample[],
): MetricFamily[] {
  const start = `${prefix}_plugin`;
  return [
    counter(`${start}_operations_total`, 'Changes of plugins, by verb and outcome.', operations),
    gauge(
      `${start}_state_duration_seconds`,
      'Time spent in the current state.',
      plugins.map(({ name, state, stateSince }) => ({
        labels: { plugin_name: name, state },
        value: Math.max(0, now - stateSince) / 1_000,
      })),
    ),
    // Its name is given and ends in _count, which a linter accepts of an untyped metric only.
    {
      ...gauge(`${start}_reload_count`, 'Reloads since the plugin was loaded.', each(plugins, 'reloadCount')),
      type: 'untyped',
    },
    gauge(`${start}_memory_usage_bytes`, 'Memory of the plugin, where it can be told.', each(plugins, 'memoryBytes')),
    gauge(`${start}_active_requests`, 'Requests that are in the plugin now.', each(plugins, 'activeRequests')),
    gauge(`${start}_websocket_connections`, 'WebSocket connections that are open.', each(plugins, 'connections')),
    counter(
      `${start}_resource_violations_total`,
      'Times the plugin went over a limit.',
      byKey(plugins, 'violations', 'resource_type'),
    ),
    counter(`${start}_panics_total`, 'Crashes, and errors outside any call.', each(plugins, 'panics')),
    counter(`${start}_rollbacks_total`, 'Returns to an earlier version.', byKey(plugins, 'rollbacks', 'reason')),
    ...recoveryFamilies(start, plugins),
  ];
}

function recoveryFamilies(start: string, plugins: readonly PluginFacts[]): MetricFamily[] {
  const of = (read: (counts: RecoveryCounts) => number): readonly Sample[] =>
    plugins.flatMap(({ name, recovery }) =>
      recovery === undefined ? [] : [{ labels: { plugin_name: name }, value: read(recovery) }],
    );
  const states = ['closed', 'half-open', 'open'];
  return [
    gauge(
      `${start}_breaker_state`,
      'The circuit breaker: 0 closed, 1 half-open, 2 open.',
      of(({ breaker }) => states.indexOf(breaker)),
    ),
    counter(
      `${start}_recovery_attempts_total`,
      'Automatic restarts and returns.',
      of(({ attempts }) => attempts),
    ),
    counter(
      `${start}_quarantines_total`,
      'Times the plugin was given up.',
      of(({ quarantines }) => quarantines),
    ),
    counter(
      `${start}_escalations_total`,
      'Times operators were told.',
      of(({ escalations }) => escalations),
    ),
  ];
}

/** The group of plugins whose names have no prefix. */
function pluginFamilies({ plugins, sandboxInstances, environment, node }: RuntimeFacts): MetricFamily[] {
  const active = plugins.filter(({ state }) => state === 'active' || state === 'reloading').length;
  return [
    counter('plugin_invocations_total', 'Calls of the plugin, by outcome.', plugins.flatMap(invocationSamples)),
    durations(
      'plugin_execution_duration_seconds',
      'How long calls took.',
      plugins.flatMap(({ name, durations }) => histogramSamples({ plugin_name: name }, durations)),
    ),
    gauge('plugins_active', 'Plugins that serve now.', one(active)),
    gauge('sandbox_instances', 'Processes and containers that run plugins.', one(sandboxInstances)),
    gauge(
      'plugin_memory_bytes',
      'Memory of the plugin on this node.',
      each(plugins, 'memoryBytes').map(({ labels, value }) => ({ labels: { ...labels, environment, node }, value })),
    ),
    gauge('plugin_cpu_percent', 'Share of one core the plugin uses.', each(plugins, 'cpuPercent')),
    counter('plugin_network_bytes_total', 'Bytes the plugin sent and received.', each(plugins, 'networkBytes')),
    counter('plugin_disk_bytes_total', 'Bytes the plugin read and wrote.', each(plugins, 'diskBytes')),
  ];
}

function deploymentFamilies({ deployments }: RuntimeFacts): MetricFamily[] {
  if (deployments === undefined) return [];
  return [
    gauge('deployments_in_progress', 'Deployments under way.', one(deployments.inProgress)),
    durations('deployment_duration_seconds', 'How long deployments took.', histogramSamples({}, deployments.durations)),
  ];
}

function invocationSamples({ name, invocations, errors }: PluginFacts): readonly Sample[] {
  return [
    { labels: { plugin_name: name, status: 'success' }, value: invocations - errors },
    { labels: { plugin_name: name, status: 'failure' }, value: errors },
  ];
}

type NumberFact =
  | 'reloadCount'
  | 'activeRequests'
  | 'connections'
  | 'panics'
  | 'memoryBytes'
  | 'cpuPercent'
  | 'networkBytes'
  | 'diskBytes';

/** One sample for each plugin that knows the fact. */
function each(plugins: readonly PluginFacts[], fact: NumberFact): readonly Sample[] {
  return plugins.flatMap((plugin) => {
    const value = plugin[fact];
    return value === undefined ? [] : [{ labels: { plugin_name: plugin.name }, value }];
  });
}

function byKey(plugins: readonly PluginFacts[], fact: 'violations' | 'rollbacks', label: string): readonly Sample[] {
  return plugins.flatMap((plugin) =>
    Object.entries(plugin[fact]).map(([key, value]) => ({ labels: { plugin_name: plugin.name, [label]: key }, value })),
  );
}

function one(value: number): readonly Sample[] {
  return [{ labels: {}, value }];
}

function counter(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, help, type: 'counter', samples };
}

function gauge(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, help, type: 'gauge', samples };
}

function durations(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { name, help, type: 'histogram', samples };
}
