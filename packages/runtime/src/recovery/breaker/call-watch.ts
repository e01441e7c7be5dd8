import { type Breaker, closedBreaker, judgeBreaker } from './circuit-breaker.ts';
import type { RecoveryPolicy } from '../recovery-policy.ts';
import { RollingCounts, type Totals } from './rolling-counts.ts';

/** What a generation counts anyhow. */
export interface CountedCalls {
  readonly requests: number;
  readonly errors: number;
  /** Errors outside any call. */
  readonly faults: number;
  /** Calls that were not answered in time. */
  readonly timeouts: number;
}

/** Watches the counters of one generation for its breaker and its faults; nothing is done for it while a call runs. */
export class CallWatch {
  readonly #counted: CountedCalls;
  readonly #calls = new RollingCounts();
  readonly #faults = new RollingCounts();
  #breaker: Breaker = closedBreaker;
  /** The counters when the breaker became half-open, or was judged last since. */
  #judged: Totals;
  /** A call was let through: when, and how many had ended then. */
  #probe: { readonly at: number; readonly calls: number } | undefined;
  #row = { timeouts: 0, counted: 0, successes: 0 };

  constructor(counted: CountedCalls, now: number, policy: RecoveryPolicy) {
    this.#counted = counted;
    this.#judged = this.#totals;
    this.#row.counted = counted.timeouts;
    this.note(now, policy);
  }

  get breaker(): Breaker {
    return this.#breaker;
  }

  /** Remembers the counters; to be called about once a second. */
  note(now: number, { breaker, faults }: RecoveryPolicy): void {
    this.#calls.note(now, this.#totals, breaker.windowMs);
    this.#faults.note(now, { calls: 0, failures: this.#counted.faults }, faults.withinMs);
  }

  /** Judges the breaker by what was counted. @returns whether its state has changed */
  judge(now: number, { breaker: rules }: RecoveryPolicy): boolean {
    const before = this.#breaker;
    const totals = this.#totals;
    const isClosed = before.state === 'closed';
    const { calls, failures } = isClosed
      ? this.#calls.since(now - rules.windowMs, totals)
      : { calls: totals.calls - this.#judged.calls, failures: totals.failures - this.#judged.failures };
    this.#breaker = judgeBreaker(before, { calls, failures, now }, rules);
    this.#judged = totals;
    if (this.#probe !== undefined && totals.calls > this.#probe.calls) this.#probe = undefined;
    if (this.#breaker.state === before.state) return false;
    this.#probe = undefined;
    return true;
  }

  /** Whether a call may be let through a half-open breaker: one at a time, and one that never ends is not waited for. */
  takeProbe(now: number, { breaker: rules }: RecoveryPolicy): boolean {
    if (this.#breaker.state !== 'half-open') return false;
    if (this.#probe !== undefined && now - this.#probe.at < rules.openForMs) return false;
    this.#probe = { at: now, calls: this.#totals.calls };
    return true;
  }

  /** What shows, besides calls that fail, that the plugin is not well. */
  symptom(now: number, { faults: rules }: RecoveryPolicy): 'faults' | 'timeouts' | undefined {
    const { timeouts, requests, errors, faults } = this.#counted;
    const successes = requests - errors;
    const isInRow = successes === this.#row.successes;
    const row = (isInRow ? this.#row.timeouts : 0) + timeouts - this.#row.counted;
    this.#row = { timeouts: row, counted: timeouts, successes };
    if (row >= rules.timeouts) return 'timeouts';
    const recent = this.#faults.since(now - rules.withinMs, { calls: 0, failures: faults });
    return recent.failures >= rules.errors ? 'faults' : undefined;
  }

  get #totals(): Totals {
    return { calls: this.#counted.requests, failures: this.#counted.errors };
  }
}
