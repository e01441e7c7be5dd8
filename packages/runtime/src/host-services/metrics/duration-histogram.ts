/** A distribution of durations as a scrape shows it: how many took at most each bound. */
export interface DurationFacts {
  /** Upper bounds in seconds, growing; what is longer than the last one shows in `count` alone. */
  readonly bounds: readonly number[];
  /** How many took at most the bound of the same index: each one includes those before it. */
  readonly cumulative: readonly number[];
  readonly count: number;
  /** In seconds. */
  readonly sum: number;
}

// Each doubling of microseconds is cut into eight, so that a quantile is off by at most 12.5 %.
const stepBits = 3;
const stepsPerDoubling = 1 << stepBits;
const bucketCount = (31 - stepBits + 1) * stepsPerDoubling;
const longestMicroseconds = 2 ** 31 - 1;

// The slot after the buckets. The sum lives in the array because a number in a field may be allocated anew.
const sumSlot = bucketCount;

/** 128 µs to 16.8 s, each the double of the one before: bounds that are bounds of buckets too, so counts are exact. */
const exposedMicroseconds: readonly number[] = Array.from({ length: 18 }, (_, index) => 2 ** (index + 7));

/**
 * Counts durations from 1 µs to 35 minutes in a fixed 2 KB. `record` takes a few nanoseconds and allocates nothing:
 * it is made for the path of every call.
 */
export class DurationHistogram {
  readonly #slots = new Float64Array(bucketCount + 1);

  /** @param ms a duration; less than nothing counts as nothing */
  record(ms: number): void {
    const slots = this.#slots;
    const microseconds = ms > 0 ? ms * 1_000 : 0;
    const bucket = bucketOf(microseconds);
    slots[bucket] = (slots[bucket] ?? 0) + 1;
    slots[sumSlot] = (slots[sumSlot] ?? 0) + microseconds;
  }

  get count(): number {
    return this.#slots.subarray(0, bucketCount).reduce((total, inBucket) => total + inBucket, 0);
  }

  /** Sum of all durations, in milliseconds. */
  get sum(): number {
    return (this.#slots[sumSlot] ?? 0) / 1_000;
  }

  /**
   * The duration, in milliseconds, that a share of all durations does not exceed. 0 when nothing was recorded.
   *
   * @param share between 0 and 1: 0.99 for p99
   */
  quantile(share: number): number {
    const rank = Math.max(1, Math.ceil(this.count * share));
    let passed = 0;
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      passed += this.#slots[bucket] ?? 0;
      if (passed >= rank) return lowerBound(bucket + 1) / 1_000;
    }
    return 0;
  }

  /** Takes over what another one has counted: a generation that ends leaves its counts to its plugin. */
  merge(other: DurationHistogram): void {
    for (const [index, value] of other.#slots.entries()) this.#slots[index] = (this.#slots[index] ?? 0) + value;
  }

  facts(): DurationFacts {
    let bucket = 0;
    let passed = 0;
    const cumulative = exposedMicroseconds.map((bound) => {
      for (; lowerBound(bucket + 1) <= bound; bucket++) passed += this.#slots[bucket] ?? 0;
      return passed;
    });
    const bounds = exposedMicroseconds.map((microseconds) => microseconds / 1_000_000);
    return { bounds, cumulative, count: this.count, sum: this.sum / 1_000 };
  }
}

/** Whole microseconds below 8 have a bucket each; above, the highest bit and the three after it name the bucket. */
function bucketOf(microseconds: number): number {
  const whole = microseconds < longestMicroseconds ? microseconds | 0 : longestMicroseconds;
  if (whole < stepsPerDoubling) return whole;
  const shift = 31 - stepBits - Math.clz32(whole);
  return shift * stepsPerDoubling + (whole >>> shift);
}

/** The least number of microseconds that falls into a bucket. */
function lowerBound(bucket: number): number {
  if (bucket < stepsPerDoubling) return bucket;
  const shift = Math.floor(bucket / stepsPerDoubling) - 1;
  return (bucket - shift * stepsPerDoubling) * 2 ** shift;
}
