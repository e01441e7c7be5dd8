import { assert, integer, nat, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultWatchRules as rules, verdictOn } from './verdict.ts';

const quiet = { requests: 0, errors: 0, faults: 0, strikes: 0, p99Ms: 0 };
const baseline = { requests: 0, errorRate: 0, p99Ms: 0 };

describe('a new generation', () => {
  it('keeps its place while nothing speaks against it', () => {
    expect(verdictOn(quiet, baseline, rules)).toBeUndefined();
    expect(verdictOn({ ...quiet, requests: 1_000, errors: 50 }, baseline, rules)).toBeUndefined();
  });

  it('gives way at its first crash', () => {
    expect(verdictOn({ ...quiet, faults: 1 }, baseline, rules)).toBe('crash');
  });

  it('gives way after as many failed health checks as the rules say', () => {
    expect(verdictOn({ ...quiet, strikes: 2 }, baseline, rules)).toBeUndefined();
    expect(verdictOn({ ...quiet, strikes: 3 }, baseline, rules)).toBe('health');
  });

  it('is not judged by its errors before there are enough requests', () => {
    expect(verdictOn({ ...quiet, requests: 19, errors: 19 }, baseline, rules)).toBeUndefined();
    expect(verdictOn({ ...quiet, requests: 20, errors: 2 }, baseline, rules)).toBe('error-rate');
  });

  it('may fail up to twice as often as the one before', () => {
    const bad = { ...baseline, requests: 100, errorRate: 0.2 };
    expect(verdictOn({ ...quiet, requests: 100, errors: 40 }, bad, rules)).toBeUndefined();
    expect(verdictOn({ ...quiet, requests: 100, errors: 41 }, bad, rules)).toBe('error-rate');
  });

  it('is too slow only against enough samples on both sides, and never below the floor', () => {
    const before = { requests: 200, errorRate: 0, p99Ms: 40 };
    const slow = { ...quiet, requests: 200, p99Ms: 81 };
    expect(verdictOn(slow, before, rules)).toBe('latency');
    expect(verdictOn({ ...slow, requests: 199 }, before, rules)).toBeUndefined();
    expect(verdictOn(slow, { ...before, requests: 199 }, rules)).toBeUndefined();
    expect(verdictOn({ ...slow, p99Ms: 49 }, { ...before, p99Ms: 1 }, rules)).toBeUndefined();
  });
});

it('never pardons a generation for failing more', () => {
  const facts = record({ requests: integer({ min: 50, max: 500 }), errors: nat(50), strikes: nat(4), p99Ms: nat(200) });
  assert(
    property(facts, (some) => {
      const seen = { ...some, faults: 0 };
      const worse = { ...seen, errors: seen.errors + 1 };
      if (verdictOn(seen, baseline, rules) !== undefined) expect(verdictOn(worse, baseline, rules)).toBeDefined();
    }),
  );
});
