import type { Counter, Gauge, Histogram, Labels, MetricOptions, Metrics } from '@hotswap/sdk';
import { fail } from '../../errors.ts';
import { histogramSamples } from './exposition.ts';
import type { MetricFamily, Sample } from './exposition.ts';
import { checkMetricNames } from './metric-names.ts';
import type { MetricType } from './metric-names.ts';

export interface PluginMetricsOptions {
  /** Names that are the host's own. */
  readonly reservedNames: ReadonlySet<string>;
  /** Sets of label values one plugin may use in one metric; more are dropped and counted. Default 1,000. */
  readonly seriesLimit?: number;
  /** Sets of label values one plugin may use in all its metrics together; more are dropped and counted. Default 10,000. */
  readonly pluginSeriesLimit?: number;
  /** Metrics one plugin may have; what others measure is dropped and counted. Default 1,000. */
  readonly metricsLimit?: number;
}

/** Seconds: 1 ms to 10 s. */
const defaultBuckets: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * The series that plugins make themselves, each with its plugin's name as a label. They belong to the plugin, not to a
 * generation: a swap goes on counting where the old generation stopped. Only `remove` ends them.
 */
export class PluginMetrics {
  readonly #options: PluginMetricsOptions;
  readonly #metrics = new Map<string, PluginMetric>();
  readonly #dropped = new Map<string, number>();
  /** How many metrics, and series of them, each plugin has. */
  readonly #counts = new Map<string, { metrics: number; series: number }>();

  constructor(options: PluginMetricsOptions) {
    this.#options = options;
  }

  /** What one plugin is handed. */
  of(plugin: string): Metrics {
    const open = (name: string, type: MetricType, options: MetricOptions = {}): OpenMetric =>
      this.#open(plugin, name, type, options);
    return {
      counter: (name, options): Counter => {
        const metric = open(name, 'counter', options);
        return { add: (value, labels) => metric.at(labels)?.add(checked(name, value, { least: 0 })) };
      },
      gauge: (name, options): Gauge => {
        const metric = open(name, 'gauge', options);
        return {
          set: (value, labels) => metric.at(labels)?.set(checked(name, value)),
          add: (value, labels) => metric.at(labels)?.add(checked(name, value)),
        };
      },
      histogram: (name, options): Histogram => {
        const metric = open(name, 'histogram', options);
        return { record: (value, labels) => metric.at(labels)?.record(checked(name, value)) };
      },
    };
  }

  /** Ends all series of a plugin, once it is unloaded. */
  remove(plugin: string): void {
    this.#dropped.delete(plugin);
    this.#counts.delete(plugin);
    for (const [name, metric] of this.#metrics) {
      metric.series.delete(plugin);
      if (metric.series.size === 0) this.#metrics.delete(name);
    }
  }

  /** Everything there is to scrape. */
  families(): readonly MetricFamily[] {
    const dropped = Array.from(this.#dropped, ([plugin_name, value]) => ({ labels: { plugin_name }, value }));
    return [
      ...Array.from(this.#metrics.values(), familyOf),
      {
        name: 'plugin_series_dropped_total',
        help: 'Measurements of a plugin that were left out because a metric had too many label values.',
        type: 'counter',
        samples: dropped,
      },
    ];
  }

  #open(plugin: string, name: string, type: MetricType, options: MetricOptions): OpenMetric {
    const { help = `Measured by plugins as ${name}.`, labels = [], buckets = defaultBuckets } = options;
    checkMetricNames(name, type, labels);
    const metric = this.#metrics.get(name) ?? {
      name,
      type,
      help,
      buckets: checkedBuckets(name, buckets),
      series: new Map(),
    };
    this.#refuseConflict(metric, type, buckets);
    const known = metric.series.get(plugin);
    const counts = this.#countsOf(plugin);
    if (known === undefined && counts.metrics++ >= (this.#options.metricsLimit ?? 1_000))
      return { at: () => this.#drop(plugin) };
    this.#metrics.set(name, metric);
    const series = known ?? new Map<string, Series>();
    metric.series.set(plugin, series);
    return { at: (values) => this.#series({ plugin, metric, series, labels }, values) };
  }

  #refuseConflict(metric: PluginMetric, type: MetricType, buckets: readonly number[]): void {
    const { name } = metric;
    if (this.#options.reservedNames.has(name))
      throw fail('METRIC_CONFLICT', { name, type: 'metric', owner: 'the host' });
    const isSame = metric.type === type && (type !== 'histogram' || String(metric.buckets) === String(buckets));
    if (isSame) return;
    throw fail('METRIC_CONFLICT', { name, type: metric.type, owner: `plugin ${[...metric.series.keys()].join(', ')}` });
  }

  #series({ plugin, metric, series, labels }: SeriesOwner, values: Labels | undefined): Series | undefined {
    const key = values === undefined ? '' : labelKey(metric.name, labels, values);
    const known = series.get(key);
    if (known !== undefined) return known;
    const counts = this.#countsOf(plugin);
    const { seriesLimit = 1_000, pluginSeriesLimit = 10_000 } = this.#options;
    if (series.size >= seriesLimit || counts.series >= pluginSeriesLimit) return this.#drop(plugin);
    counts.series++;
    const made = new Series({ ...values, plugin_name: plugin }, metric.buckets);
    series.set(key, made);
    return made;
  }

  #countsOf(plugin: string): { metrics: number; series: number } {
    const counts = this.#counts.get(plugin) ?? { metrics: 0, series: 0 };
    this.#counts.set(plugin, counts);
    return counts;
  }

  #drop(plugin: string): undefined {
    this.#dropped.set(plugin, (this.#dropped.get(plugin) ?? 0) + 1);
    return undefined;
  }
}

interface PluginMetric {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly buckets: readonly number[];
  /** By plugin, then by label values. */
  readonly series: Map<string, Map<string, Series>>;
}

interface OpenMetric {
  /** The series with these label values; `undefined` when there may be no more of them. */
  at(labels: Labels | undefined): Series | undefined;
}

interface SeriesOwner {
  readonly plugin: string;
  readonly metric: PluginMetric;
  readonly series: Map<string, Series>;
  readonly labels: readonly string[];
}

/** The values of one set of labels: a number, or the counts of a histogram. */
class Series {
  readonly labels: Labels;
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #value = 0;
  #count = 0;

  constructor(labels: Labels, bounds: readonly number[]) {
    this.labels = labels;
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  add(value: number): void {
    this.#value += value;
  }

  set(value: number): void {
    this.#value = value;
  }

  record(value: number): void {
    this.#value += value;
    this.#count++;
    const bucket = this.#bounds.findIndex((bound) => value <= bound);
    if (bucket >= 0) this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
  }

  samples(type: MetricType): readonly Sample[] {
    if (type !== 'histogram') return [{ labels: this.labels, value: this.#value }];
    let passed = 0;
    const cumulative = this.#counts.map((count) => (passed += count));
    return histogramSamples(this.labels, { bounds: this.#bounds, cumulative, count: this.#count, sum: this.#value });
  }
}

function familyOf({ name, type, help, series }: PluginMetric): MetricFamily {
  const all = [...series.values()].flatMap((ofPlugin) => [...ofPlugin.values()]);
  return { name, help, type, samples: all.flatMap((one) => one.samples(type)) };
}

function labelKey(name: string, labels: readonly string[], values: Labels): string {
  for (const label of Object.keys(values)) {
    if (!labels.includes(label)) throw fail('METRIC_LABEL_UNKNOWN', { name, label });
  }
  return JSON.stringify(labels.map((label) => [label, values[label]]));
}

function checked(name: string, value: number, { least = -Infinity } = {}): number {
  if (Number.isFinite(value) && value >= least) return value;
  throw fail('METRIC_VALUE_INVALID', {
    name,
    value,
    problem: `it takes finite numbers${least === 0 ? ' from 0 up' : ''}`,
  });
}

function checkedBuckets(name: string, buckets: readonly number[]): readonly number[] {
  const isGrowing = buckets.every(
    (bound, index) => Number.isFinite(bound) && bound > (buckets[index - 1] ?? -Infinity),
  );
  if (isGrowing) return buckets;
  throw fail('METRIC_VALUE_INVALID', { name, value: buckets.join(', '), problem: 'buckets are finite and growing' });
}
