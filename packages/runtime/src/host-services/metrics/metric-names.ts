import { fail } from '../../errors.ts';

export type MetricType = 'counter' | 'gauge' | 'histogram';

// A series of a histogram called like another metric would make Prometheus refuse the whole scrape.
const reservedSuffix = /_(?:bucket|count|sum|info)$/;
const reservedLabels: readonly string[] = ['plugin_name', 'le', 'quantile'];

/**
 * Checks what a plugin calls a metric and its labels, by the rules that `promtool check metrics` holds against it.
 *
 * @throws METRIC_NAME_INVALID
 */
export function checkMetricNames(name: string, type: MetricType, labels: readonly string[]): void {
  const problem = nameProblem(name, type);
  if (problem !== undefined) throw fail('METRIC_NAME_INVALID', { name: JSON.stringify(name), problem });
  for (const label of labels) {
    const problem = labelProblem(label);
    if (problem !== undefined) throw fail('METRIC_NAME_INVALID', { name: JSON.stringify(label), problem });
  }
}

function nameProblem(name: string, type: MetricType): string | undefined {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) return 'use a to z, 0 to 9 and _, with a letter first';
  if (reservedSuffix.test(name)) return 'this ending belongs to the series of histograms';
  if (type === 'counter' && !name.endsWith('_total')) return 'a counter ends in _total';
  if (type !== 'counter' && name.endsWith('_total')) return 'only a counter ends in _total';
  return undefined;
}

function labelProblem(label: string): string | undefined {
  if (!/^[a-z][a-z0-9_]*$/.test(label)) return 'use a to z, 0 to 9 and _, with a letter first';
  return reservedLabels.includes(label) ? 'the host sets this label itself' : undefined;
}
