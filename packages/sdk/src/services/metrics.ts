/** Label values of one measurement. Keep the number of different values small. */
export type Labels = Readonly<Record<string, string>>;

/** A number that only grows. */
export interface Counter {
  add(value: number, labels?: Labels): void;
}

/** A number that goes up and down. */
export interface Gauge {
  set(value: number, labels?: Labels): void;
  add(value: number, labels?: Labels): void;
}

/** Counts values by size. */
export interface Histogram {
  record(value: number, labels?: Labels): void;
}

/** How a metric is shown and by what it is split. */
export interface MetricOptions {
  readonly help?: string;
  readonly labels?: readonly string[];
  /** Upper bounds of a histogram's buckets; default 1 ms to 10 s. */
  readonly buckets?: readonly number[];
}

/** A plugin's own series on the host's `/metrics`. Asking twice for a name gives the same series. */
export interface Metrics {
  counter(name: string, options?: MetricOptions): Counter;
  gauge(name: string, options?: MetricOptions): Gauge;
  histogram(name: string, options?: MetricOptions): Histogram;
}
