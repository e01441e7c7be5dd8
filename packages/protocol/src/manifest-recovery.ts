/**
 * What a request meets while a plugin is down. `closed`: 503. `open`: the plugin's middleware is skipped, its routes
 * are 503. `reload`: as `closed`, and a new generation is begun at once.
 */
export type FailurePolicy = 'closed' | 'open' | 'reload';

/** How the wait before an attempt grows: always `from`, `from` more each time, or up to twice as long each time. */
export type BackoffStrategy = 'fixed' | 'linear' | 'exponential';

/** One thing to do about a plugin that is down; the next one comes when it did not help. */
export type FallbackAction = 'restart' | 'reload-previous' | 'disable' | 'pass-through' | 'static-response';

/** What the runtime does by itself when a plugin is down. The operator's settings win, key by key. */
export interface RecoverySettings {
  /** Default `closed`. */
  readonly failurePolicy?: FailurePolicy;
  /** Restarts within `within` until the next fallback; default 5. */
  readonly maxAttempts?: number;
  /** A duration; default `10m`. */
  readonly within?: string;
  readonly backoff?: {
    /** Default `exponential`, with full jitter: anything between 0 and the longest wait. */
    readonly strategy?: BackoffStrategy;
    /** A duration; default `1s`. */
    readonly from?: string;
    /** A duration: the longest wait, and how long a plugin must serve to count as recovered; default `1m`. */
    readonly to?: string;
  };
  /** What to do, in this order; quarantine comes last by itself. Default `["restart"]`. */
  readonly fallback?: readonly FallbackAction[];
  /** What `static-response` answers; default 503 with a sentence. */
  readonly response?: {
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
  /** When what is no crash counts as one. */
  readonly faults?: {
    /** Errors outside any call, within `within`; default 10. */
    readonly errors?: number;
    /** Calls in a row that did not answer in time; default 3. */
    readonly timeouts?: number;
    /** A duration; default `1m`. */
    readonly within?: string;
  };
  /** When the plugin gets no more calls for a while. */
  readonly breaker?: {
    /** Share of failed calls that opens it, above 0 and at most 1; default 0.5. */
    readonly failureRate?: number;
    /** Calls in the window until a share means anything; default 20. */
    readonly minimumCalls?: number;
    /** A duration; default `10s`. */
    readonly window?: string;
    /** A duration: how long no call is let through; default `10s`. */
    readonly openFor?: string;
    /** Calls let through one by one that must all succeed; default 3. */
    readonly probes?: number;
  };
}
