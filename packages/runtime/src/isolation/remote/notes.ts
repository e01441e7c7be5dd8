import type { Labels, Logger, MetricOptions, Metrics } from '@hotswap/sdk';
import { InvalidMessage, isBounded, listOf, recordOf, textOf, wholeOf } from '../../channel/bounds.ts';

const longestLine = 65_536;
const mostMetrics = 10_000;
const fieldBounds = { mostValues: 10_000, mostBytes: 1_048_576 };
/** Lines of a second that are written; the rest is left out. A line beyond these bounds counts as many. */
const linesPerSecond = 5_000;
const usualLine = 2_000;
const usualFields = { mostValues: 200, mostBytes: 8_192 };
const largeLineCounts = 100;
const secondMs = 1_000;

/** A metric as the guest uses it. */
type Measure = (operation: string, value: number, labels: Labels | undefined) => void;

/** Writes the log lines and measurements of a guest. */
export class NoteReader {
  readonly #log: Logger;
  readonly #metrics: Metrics;
  readonly #fault: (where: string, error: unknown) => void;
  readonly #open = new Map<number, Measure>();
  #since = 0;
  #lines = 0;
  #leftOut = 0;

  constructor(log: Logger, metrics: Metrics, fault: (where: string, error: unknown) => void) {
    this.#log = log;
    this.#metrics = metrics;
    this.#fault = fault;
  }

  /** @throws InvalidMessage */
  read(notes: unknown): void {
    const now = performance.now();
    if (now - this.#since >= secondMs) this.#nextSecond(now);
    for (const note of listOf(notes, Infinity)) {
      const parts = listOf(note, 5);
      switch (parts[0]) {
        case 'log':
          this.#line(parts);
          break;
        case 'metric':
          this.#metric(parts);
          break;
        case 'measure':
          this.#measured(parts);
          break;
        default:
          throw new InvalidMessage('a log line or a measurement was due');
      }
    }
  }

  #nextSecond(now: number): void {
    if (this.#leftOut > 0) this.#log.warn(`${this.#leftOut} lines of the plugin were left out of the log`);
    this.#since = now;
    this.#lines = 0;
    this.#leftOut = 0;
  }

  #line([, level, message, fields]: readonly unknown[]): void {
    const write = levelOf(this.#log, level);
    if (this.#lines >= linesPerSecond) {
      if (++this.#leftOut === 1) this.#log.warn('the plugin logs more than it may in a second: the rest is left out');
      return;
    }
    const text = typeof message === 'string' ? message.slice(0, longestLine) : '';
    const isUsual = text.length <= usualLine && (fields === undefined || isBounded(fields, usualFields));
    this.#lines += isUsual ? 1 : largeLineCounts;
    if (fields === undefined) return write(text);
    write(isBounded(fields, fieldBounds) ? recordOf(fields) : { fields: 'left out: too large' }, text);
  }

  /** A name that another plugin has is found out here, after the guest's call has returned. */
  #metric([, number, kind, name, options]: readonly unknown[]): void {
    if (this.#open.size >= mostMetrics) throw new InvalidMessage('more metrics than anyone could look at');
    const id = wholeOf(number, Number.MAX_SAFE_INTEGER);
    try {
      this.#open.set(id, measureOf(this.#metrics, kind, textOf(name, 256), optionsOf(options)));
    } catch (error) {
      if (error instanceof InvalidMessage) throw error;
      this.#open.set(id, () => {});
      this.#fault('metric', error);
    }
  }

  #measured([, number, operation, value, labels]: readonly unknown[]): void {
    const measure = this.#open.get(wholeOf(number, Number.MAX_SAFE_INTEGER));
    if (measure === undefined || typeof value !== 'number') throw new InvalidMessage('a measurement was due');
    try {
      measure(textOf(operation, 20), value, labels === undefined ? undefined : labelsOf(labels));
    } catch (error) {
      if (error instanceof InvalidMessage) throw error;
      this.#fault('metric', error);
    }
  }
}

function levelOf(log: Logger, level: unknown): Logger['info'] {
  if (level === 'debug' || level === 'info' || level === 'warn' || level === 'error') return log[level];
  throw new InvalidMessage('a log level was due');
}

function measureOf(metrics: Metrics, kind: unknown, name: string, options: MetricOptions): Measure {
  switch (kind) {
    case 'counter': {
      const counter = metrics.counter(name, options);
      return (_, value, labels) => counter.add(value, labels);
    }
    case 'gauge': {
      const gauge = metrics.gauge(name, options);
      return (operation, value, labels) => (operation === 'set' ? gauge.set(value, labels) : gauge.add(value, labels));
    }
    case 'histogram': {
      const histogram = metrics.histogram(name, options);
      return (_, value, labels) => histogram.record(value, labels);
    }
    default:
      throw new InvalidMessage('a kind of metric was due');
  }
}

function optionsOf(value: unknown): MetricOptions {
  const { help, labels, buckets } = recordOf(value);
  return {
    ...(help !== undefined && { help: textOf(help, 1_000) }),
    ...(labels !== undefined && { labels: listOf(labels, 20).map((label) => textOf(label, 256)) }),
    ...(buckets !== undefined && { buckets: listOf(buckets, 200).map(Number) }),
  };
}

function labelsOf(value: unknown): Labels {
  const entries = Object.entries(recordOf(value)).slice(0, 20);
  return Object.fromEntries(entries.map(([name, text]) => [name, textOf(text, 1_000)]));
}
