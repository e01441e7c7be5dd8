import { array, assert, double, integer, property, record, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Assignment,
  assignedGenerations,
  emptyAssignment,
  resolveAssignment,
  soleGeneration,
  withDefault,
} from './assignment.ts';

const hash = double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('who serves a request', () => {
  const assignment: Assignment = {
    default: 1,
    weights: [{ generation: 2, share: 0.25 }],
    byTenant: new Map([['acme', 3]]),
    forced: new Set([4]),
  };

  it("is the forced generation, else the tenant's, else the share's, else the default", () => {
    expect(resolveAssignment(assignment, { forced: 4, tenant: 'acme', stickyHash: 0 })).toBe(4);
    expect(resolveAssignment(assignment, { tenant: 'acme', stickyHash: 0 })).toBe(3);
    expect(resolveAssignment(assignment, { tenant: 'other', stickyHash: 0.2 })).toBe(2);
    expect(resolveAssignment(assignment, { tenant: 'other', stickyHash: 0.25 })).toBe(1);
    expect(resolveAssignment(assignment, {})).toBe(1);
  });

  it('is never a generation that nobody may force', () => {
    expect(resolveAssignment(assignment, { forced: 9 })).toBe(1);
  });

  it('lists everyone it could be', () => {
    expect(assignedGenerations(assignment)).toEqual(new Set([1, 2, 3, 4]));
    expect(assignedGenerations(emptyAssignment).size).toBe(0);
  });
});

it('never flips anyone back when a share grows', () => {
  assert(
    property(
      hash,
      double({ min: 0, max: 1, noNaN: true }),
      double({ min: 0, max: 1, noNaN: true }),
      (stickyHash, a, b) => {
        const shares = [Math.min(a, b), Math.max(a, b)];
        const [before, after] = shares.map((share) =>
          resolveAssignment({ ...emptyAssignment, default: 1, weights: [{ generation: 2, share }] }, { stickyHash }),
        );
        if (before === 2) expect(after).toBe(2);
      },
    ),
  );
});

it('gives each generation about its share of evenly spread clients', () => {
  const weights = [
    { generation: 2, share: 0.1 },
    { generation: 3, share: 0.3 },
  ];
  const served = Array.from({ length: 1_000 }, (_, index) =>
    resolveAssignment({ ...emptyAssignment, default: 1, weights }, { stickyHash: index / 1_000 }),
  );
  const counts = [1, 2, 3].map((generation) => served.filter((number) => number === generation).length);
  expect(counts).toEqual([600, 100, 300]);
});

it('drops what points at generations that are gone when the default changes', () => {
  const generation = integer({ min: 1, max: 6 });
  assert(
    property(
      record({ weights: array(generation), pinned: array(generation), forced: array(generation) }),
      uniqueArray(generation),
      ({ weights, pinned, forced }, alive) => {
        const assignment: Assignment = {
          default: 1,
          weights: weights.map((number) => ({ generation: number, share: 0.1 })),
          byTenant: new Map(pinned.map((number, index) => [`t${index}`, number])),
          forced: new Set(forced),
        };
        const next = withDefault(assignment, alive[0], new Set(alive));
        for (const number of assignedGenerations(next)) expect(alive).toContain(number);
        for (const number of assignedGenerations(assignment)) {
          if (number !== 1 && alive.includes(number)) expect(assignedGenerations(next)).toContain(number);
        }
      },
    ),
  );
});

it('resolves nothing per request only where every request gets the same generation', () => {
  expect(soleGeneration({ ...emptyAssignment, default: 4 })).toBe(4);
  expect(soleGeneration({ ...emptyAssignment, default: 4, forced: new Set([3]) })).toBeUndefined();
  expect(soleGeneration({ ...emptyAssignment, default: 4, byTenant: new Map([['a', 3]]) })).toBeUndefined();
});
