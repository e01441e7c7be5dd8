import type { Labels, MetricOptions, Metrics } from '@hotswap/sdk';
import type { Outbox } from './outbox.ts';
import { fail } from '../../errors.ts';
import { checkMetricNames, type MetricType } from '../../host-services/metrics/metric-names.ts';

type Measure = (operation: string, value: number, labels: Labels | undefined, least?: number) => void;

/**
 * Metrics that the host keeps. What is wrong with a name or a value is thrown here, as at every level; what only the
 * host can know, that another plugin has the name, is a fault there.
 */
export function remoteMetrics(outbox: Outbox): Metrics {
  const numbers = new Map<string, number>();
  const open = (name: string, kind: MetricType, options: MetricOptions = {}): Measure => {
    const { labels = [] } = options;
    checkMetricNames(name, kind, labels);
    const metric = numberOf(numbers, `${kind} ${name} ${JSON.stringify(options)}`, (made) =>
      outbox.add(['metric', made, kind, name, options]),
    );
    return (operation, value, values, least = -Infinity) => {
      checkValue(name, value, least);
      for (const label of Object.keys(values ?? {})) {
        if (!labels.includes(label)) throw fail('METRIC_LABEL_UNKNOWN', { name, label });
      }
      outbox.add(['measure', metric, operation, value, values]);
    };
  };
  return {
    counter: (name, options) => {
      const measure = open(name, 'counter', options);
      return { add: (value, labels) => measure('add', value, labels, 0) };
    },
    gauge: (name, options) => {
      const measure = open(name, 'gauge', options);
      return {
        set: (value, labels) => measure('set', value, labels),
        add: (value, labels) => measure('add', value, labels),
      };
    },
    histogram: (name, options) => {
      const measure = open(name, 'histogram', options);
      return { record: (value, labels) => measure('record', value, labels) };
    },
  };
}

function numberOf(numbers: Map<string, number>, key: string, made: (number: number) => void): number {
  const known = numbers.get(key);
  if (known !== undefined) return known;
  const number = numbers.size + 1;
  numbers.set(key, number);
  made(number);
  return number;
}

function checkValue(name: string, value: number, least: number): void {
  if (Number.isFinite(value) && value >= least) return;
  const problem = `it takes finite numbers${least === 0 ? ' from 0 up' : ''}`;
  throw fail('METRIC_VALUE_INVALID', { name, value, problem });
}
