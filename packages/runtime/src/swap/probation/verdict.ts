/** What has been seen of a generation since it was published. */
export interface WatchedFacts {
  readonly requests: number;
  readonly errors: number;
  /** Errors outside any call: timers, listeners, forgotten promises. */
  readonly faults: number;
  /** Failed health checks in a row. */
  readonly strikes: number;
  readonly p99Ms: number;
}

/** What the generation before it was like. */
export interface WatchedBaseline {
  readonly errorRate: number;
  readonly requests: number;
  readonly p99Ms: number;
}

export interface WatchRules {
  /** Requests until an error rate means anything; default 20. */
  readonly minRequests: number;
  /** Requests until a p99 means anything; default 200. */
  readonly minLatencyRequests: number;
  /** Errors above this share, and above twice the baseline's, end the watch; default 0.05. */
  readonly errorRate: number;
  /** p99 above this many times the baseline's ends the watch; default 2. */
  readonly latencyFactor: number;
  /** A p99 below this is never too slow; default 50 ms. */
  readonly latencyFloorMs: number;
  readonly strikes: number;
}

export const defaultWatchRules: WatchRules = {
  minRequests: 20,
  minLatencyRequests: 200,
  errorRate: 0.05,
  latencyFactor: 2,
  latencyFloorMs: 50,
  strikes: 3,
};

/** Why a generation must give way; undefined: nothing speaks against it so far. Too few samples prove nothing. */
export function verdictOn(
  seen: WatchedFacts,
  baseline: WatchedBaseline,
  rules: WatchRules,
): 'error-rate' | 'latency' | 'health' | 'crash' | undefined {
  if (seen.faults > 0) return 'crash';
  if (seen.strikes >= rules.strikes) return 'health';
  const errorRate = seen.requests === 0 ? 0 : seen.errors / seen.requests;
  const isFailing = errorRate > Math.max(rules.errorRate, 2 * baseline.errorRate);
  if (seen.requests >= rules.minRequests && isFailing) return 'error-rate';
  const isComparable = seen.requests >= rules.minLatencyRequests && baseline.requests >= rules.minLatencyRequests;
  const tooSlowMs = Math.max(rules.latencyFloorMs, rules.latencyFactor * baseline.p99Ms);
  return isComparable && seen.p99Ms > tooSlowMs ? 'latency' : undefined;
}
