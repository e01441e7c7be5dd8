/** How many connections of each kind there are, and where. */
export interface LoadOptions {
  readonly port: number;
  readonly connections: Readonly<Partial<Record<ClientKind, number>>>;
  /** The load ends by itself after this time. */
  readonly limitMs: number;
}

export type ClientKind = 'keep-alive' | 'pipelined' | 'upload' | 'download' | 'events' | 'post' | 'head' | 'http/1.0';

/** One answered request. Moments are on the clock that all processes share, in milliseconds. */
export interface Answer {
  readonly kind: ClientKind;
  readonly version: number;
  readonly sentAt: number;
  readonly headAt: number;
}

export interface LoadResult {
  readonly answers: readonly Answer[];
  /** What went wrong, in words; the first hundred. */
  readonly failures: readonly string[];
  readonly failed: number;
}

export type ToLoad = { readonly type: 'begin'; readonly options: LoadOptions } | { readonly type: 'finish' };
export type FromLoad =
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly answered: number; readonly failed: number }
  | { readonly type: 'result'; readonly result: LoadResult };

/** The moment, comparable between processes of one machine. */
export function sharedNow(): number {
  return performance.timeOrigin + performance.now();
}
