import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DurationHistogram } from './duration-histogram.ts';

const durations = fc.array(fc.double({ min: 0, max: 2_000_000, noNaN: true }), { minLength: 1, maxLength: 200 });

function histogramOf(values: readonly number[]): DurationHistogram {
  const histogram = new DurationHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe('a duration histogram', () => {
  it('gives every quantile within 12.5 % and a microsecond above the true one', () => {
    fc.assert(
      fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
        const sorted = values.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(sorted.length * share)) - 1]!;
        const estimate = histogramOf(values).quantile(share);
        expect(estimate).toBeGreaterThanOrEqual(exact);
        expect(estimate).toBeLessThanOrEqual(exact * 1.125 + 0.001);
      }),
    );
  });

  it('tells exactly how many took less than each exposed bound', () => {
    fc.assert(
      fc.property(durations, (values) => {
        const { bounds, cumulative, count, sum } = histogramOf(values).facts();
        for (const [index, bound] of bounds.entries()) {
          expect(cumulative[index]).toBe(values.filter((ms) => Math.floor(ms * 1_000) < bound * 1_000_000).length);
        }
        expect(count).toBe(values.length);
        expect(sum).toBeCloseTo(values.reduce((total, ms) => total + ms, 0) / 1_000, 6);
      }),
    );
  });

  it('merges into what one histogram of all values would be', () => {
    const merged = histogramOf([1, 2]);
    merged.merge(histogramOf([3, 4_000]));
    expect(merged.facts()).toEqual(histogramOf([1, 2, 3, 4_000]).facts());
  });

  it('takes nonsense as nothing, and the longest as the last bucket', () => {
    const histogram = histogramOf([-5, 1e12]);
    expect(histogram.count).toBe(2);
    expect(histogram.quantile(0)).toBeLessThanOrEqual(0.001);
    expect(histogram.quantile(1)).toBeGreaterThan(2_000_000);
    expect(new DurationHistogram().quantile(0.99)).toBe(0);
  });
});
