/** Counters that only grow. */
export interface Totals {
  readonly calls: number;
  readonly failures: number;
}

interface Sample extends Totals {
  readonly at: number;
}

/**
 * What was counted in the last stretch of time, from counters that are only looked at now and then: the request path
 * does nothing for it. Exact to the distance between two looks.
 */
export class RollingCounts {
  #samples: Sample[] = [];

  /** Remembers the counters as they stand; what is older than the window is forgotten. */
  note(at: number, { calls, failures }: Totals, windowMs: number): void {
    const last = this.#samples.at(-1);
    if (last?.calls === calls && last.failures === failures) return;
    this.#samples.push({ at, calls, failures });
    const start = this.#startOf(at - windowMs);
    if (start > 0) this.#samples = this.#samples.slice(start);
  }

  /** What came on top since the look before `from`; of what is older than the first look nothing is known. */
  since(from: number, { calls, failures }: Totals): Totals {
    const before = this.#samples[this.#startOf(from)];
    if (before === undefined) return { calls: 0, failures: 0 };
    return { calls: calls - before.calls, failures: failures - before.failures };
  }

  /** The last sample that is not younger than `from`, else the first. */
  #startOf(from: number): number {
    const index = this.#samples.findLastIndex(({ at }) => at <= from);
    return Math.max(index, 0);
  }
}
