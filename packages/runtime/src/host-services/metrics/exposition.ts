import type { Labels } from '@hotswap/sdk';
import type { DurationFacts } from './duration-histogram.ts';

/** What Prometheus calls a metric: one name, and its values by labels. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'untyped';
  readonly samples: readonly Sample[];
}

export interface Sample {
  /** What a histogram puts behind the family's name. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
  readonly labels: Labels;
  readonly value: number;
}

/** The media type of `renderMetrics`. */
export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

/** Writes families in the Prometheus text format. */
export function renderMetrics(families: readonly MetricFamily[]): string {
  return families.map(renderFamily).join('');
}

/** The samples of one labelled histogram. */
export function histogramSamples(labels: Labels, { bounds, cumulative, count, sum }: DurationFacts): readonly Sample[] {
  const buckets = bounds.map((bound, index) => bucketSample(labels, String(bound), cumulative[index] ?? 0));
  return [
    ...buckets,
    bucketSample(labels, '+Inf', count),
    { suffix: '_sum', labels, value: sum },
    { suffix: '_count', labels, value: count },
  ];
}

function bucketSample(labels: Labels, le: string, value: number): Sample {
  return { suffix: '_bucket', labels: { ...labels, le }, value };
}

function renderFamily({ name, help, type, samples }: MetricFamily): string {
  const lines = samples.map(
    ({ suffix = '', labels, value }) => `${name}${suffix}${renderLabels(labels)} ${renderValue(value)}\n`,
  );
  return `# HELP ${name} ${help.replace(/[\\\n]/g, escapeCharacter)}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

function renderLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replace(/[\\\n"]/g, escapeCharacter)}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function renderValue(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

function escapeCharacter(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`;
}
