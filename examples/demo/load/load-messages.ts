/** `before`: warm, and no change was made yet. `during`: one is under way. `between`: none is. */
export type Phase = 'warm-up' | 'before' | 'during' | 'between';

/** What an answer must be, at the moment its request is sent or at the moment it arrives. */
export interface Expectation {
  /** The versions that may answer, as they name themselves in the body. */
  readonly answers: readonly string[];
  /** A version that answers errors is being shipped on purpose. */
  readonly mayBeError: boolean;
  readonly phase: Phase;
}

/** What has come of the requests so far. */
export interface RequestCounts {
  readonly sent: number;
  /** Answered by a version that was allowed to. */
  readonly answered: number;
  /** Answered with an error while the version that does so was being tried. */
  readonly errorsOfBadVersion: number;
  /** Everything else: no answer, a broken connection, a wrong version, an error at any other time. */
  readonly failed: number;
  /** How often each kind of failure was seen. */
  readonly failures: Readonly<Record<string, number>>;
}

export interface Latencies {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The whole result of a load. */
export interface LoadResult extends RequestCounts {
  /** Of quick requests; slow ones are there to be under way whenever a swap comes. */
  readonly latencies: Readonly<Record<Phase, Latencies>>;
}

export type ToLoad = { readonly type: 'expect'; readonly expectation: Expectation } | { readonly type: 'finish' };

export type FromLoad =
  | { readonly type: 'expecting' }
  | { readonly type: 'progress'; readonly counts: RequestCounts }
  | { readonly type: 'result'; readonly result: LoadResult };
