import type { MaybePromise } from '@hotswap/sdk';
import type { HotRequest, HotResponse } from '@hotswap/protocol/http';
import type { Generation } from '../plugin/generation.ts';
import type { AssignmentKey } from '../routing/assignment.ts';
import type { RouteEntry } from '../routing/routing-table.ts';
import type { TrieMatch } from '../routing/route-trie.ts';

/**
 * One request's way through the plugins. It holds a lease on each generation it has entered, until `close`.
 */
export interface Exchange {
  /** The answer; `undefined` when no plugin route matched and no middleware answered: the host goes on. */
  readonly answer: MaybePromise<HotResponse | undefined>;
  /** Gives every lease back. Called exactly once, when the answer's last byte is written or nobody waits for it. */
  close(): void;
  /**
   * While the body of the answer is written: `cutOff` is called, at most once, when a generation that it comes from
   * may wait no longer. The client must then see that its answer is not whole.
   */
  whenCutOff(cutOff: (reason: Error) => void): void;
  /** The client left or the host gave up: signals of this request are aborted with `reason`. */
  abort(reason: unknown): void;
}

/** What the host itself would answer, as the last link of the middleware chain. */
export type Fallback = (request: HotRequest) => MaybePromise<HotResponse>;

/** The route that takes a WebSocket connection. */
export interface SocketTarget {
  readonly generation: Generation;
  readonly match: TrieMatch<RouteEntry>;
  readonly key: AssignmentKey;
}

/** Stands in the place of a route when a WebSocket is asked for: says yes with status 101. */
export type AcceptSocket = (target: SocketTarget) => HotResponse;

/**
 * Sends one request through the current routing table. With `accept` it asks for a WebSocket: the same middleware stands
 * in front, and no route is called.
 */
export type Dispatch = (request: HotRequest, fallback?: Fallback, accept?: AcceptSocket) => Exchange;
