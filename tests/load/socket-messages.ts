/** How many clients of each kind there are, and where. */
export interface SocketLoadOptions {
  readonly port: number;
  /** WebSocket clients of a route that hands over. */
  readonly staying: number;
  /** WebSocket clients of a route that does not: they come back whenever they are sent away. */
  readonly returning: number;
  /** Clients of an event stream; they come back with `Last-Event-ID`. */
  readonly streams: number;
}

export interface SocketLoadCounts {
  /** Clients that are connected now. */
  readonly open: number;
  /** Messages and events that came, in order, none missing, none twice. */
  readonly received: number;
  /** How often a route said that it took a connection over. */
  readonly resumed: number;
  /** How often a client was sent away and told when to come back. */
  readonly sentAway: number;
  readonly failed: number;
}

export interface SocketLoadResult extends SocketLoadCounts {
  /** What went wrong, in words; the first hundred. */
  readonly failures: readonly string[];
  /** How often each of the clients that stay was taken over: the fewest and the most. */
  readonly resumedEach: readonly [number, number];
  /** Messages that were sent and never answered, of clients that stay. */
  readonly unanswered: number;
}

export type ToSocketLoad =
  | { readonly type: 'begin'; readonly options: SocketLoadOptions }
  | { readonly type: 'finish' };
export type FromSocketLoad =
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly counts: SocketLoadCounts }
  | { readonly type: 'result'; readonly result: SocketLoadResult };
