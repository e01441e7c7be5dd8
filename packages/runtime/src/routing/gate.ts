import type { HotResponse } from '@hotswap/protocol/http';

/** A generation that somebody holds a lease on. */
export interface Held {
  readonly plugin: string;
  readonly number: number;
}

/** Who stands in front of a plugin that does not simply serve. */
export interface GateCaller {
  /** A route, a middleware or hook, or a call of a method, a service, an event or an extension point. */
  readonly kind: 'route' | 'middleware' | 'call';
  /** The generations it holds a lease on: none of them can drain before it ends. */
  holds(): readonly Held[];
}

/** What a gate says to a caller. */
export type Admission<G> =
  | { readonly type: 'enter'; readonly generation: G }
  /** As if the plugin were not there: a middleware is skipped. */
  | { readonly type: 'skip' }
  | { readonly type: 'refuse'; readonly error: Error }
  /** The operator's own answer in the plugin's stead; a new one for each request. */
  | { readonly type: 'answer'; readonly response: () => HotResponse }
  /** Ask again when `until` resolves; it rejects with a coded error past its limit. Call `leave` to give the place back. */
  | { readonly type: 'wait'; readonly until: Promise<void>; readonly leave: (reason: Error) => void };

/**
 * Stands in front of a plugin while it is parked, unloaded or down. A plugin that serves has none: the request path
 * pays for a gate only where there is one. It is put up and taken down by publishing a table.
 */
export interface Gate<G> {
  /** What it is for: shown in status. */
  readonly reason: 'unloading' | 'parked' | 'down';
  admit(caller: GateCaller): Admission<G>;
}
