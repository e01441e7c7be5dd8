import type { BreakerRules } from '../recovery-policy.ts';
import type { Totals } from './rolling-counts.ts';

/** `open`: the plugin gets no calls. `half-open`: it gets one at a time, to see how it answers. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** Where a breaker may go next. */
export const breakerMoves: Readonly<Record<BreakerState, readonly BreakerState[]>> = {
  closed: ['open'],
  open: ['half-open', 'closed'],
  'half-open': ['open', 'closed'],
};

/** Where a breaker stands. Immutable: a change is a new one. */
export interface Breaker {
  readonly state: BreakerState;
  /** When the state began, on the clock of the host. */
  readonly since: number;
  /** Calls that went well since it is half-open. */
  readonly goodProbes: number;
}

export const closedBreaker: Breaker = { state: 'closed', since: 0, goodProbes: 0 };

/** What a breaker is judged by: while it is closed, what the window holds; while it is half-open, what is new. */
export interface BreakerSight extends Totals {
  readonly now: number;
}

/** What becomes of a breaker (pure); the same object where nothing changes. */
export function judgeBreaker(breaker: Breaker, sight: BreakerSight, rules: BreakerRules): Breaker {
  return judges[breaker.state](breaker, sight, rules);
}

/** What becomes of a breaker, by its state. */
const judges: Readonly<Record<BreakerState, typeof judgeBreaker>> = {
  closed: (breaker, { calls, failures, now }, { minimumCalls, failureRate }) => {
    const isFailing = failures > 0 && calls >= minimumCalls && failures / calls >= failureRate;
    return isFailing ? { state: 'open', since: now, goodProbes: 0 } : breaker;
  },
  open: (breaker, { now }, { openForMs }) =>
    now - breaker.since >= openForMs ? { state: 'half-open', since: now, goodProbes: 0 } : breaker,
  'half-open': (breaker, { calls, failures, now }, { probes }) => {
    if (failures > 0) return { state: 'open', since: now, goodProbes: 0 };
    if (calls === 0) return breaker;
    const goodProbes = breaker.goodProbes + calls;
    return goodProbes >= probes ? { ...closedBreaker, since: now } : { ...breaker, goodProbes };
  },
};
