import { expect, it } from 'vitest';
import { boundedValue, bytesWithin, isBounded, listOf, recordOf, textOf, wholeOf } from './bounds.ts';

const bounds = { mostValues: 100, mostBytes: 1_000 };

it('lets values of a reasonable size through', () => {
  const value = {
    a: [1, 'two', null, { three: new Uint8Array(10) }],
    b: new Map([['k', new Set([1])]]),
    c: new Date(),
  };
  expect(boundedValue(value, bounds)).toBe(value);
  expect([textOf('abc', 3), wholeOf(3, 3), listOf([1], 1), bytesWithin(new Uint8Array(2), 2)]).toHaveLength(4);
});

it('stops at too many, too large and too deep, and is not caught by circles', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  const deep = Array.from({ length: 200 }).reduce<unknown>((inside) => [inside], 1);
  expect(isBounded(circle, bounds)).toBe(true);
  for (const value of [
    Array.from({ length: 101 }),
    'x'.repeat(1_001),
    new Uint8Array(1_001),
    { ['k'.repeat(1_001)]: 1 },
    deep,
  ])
    expect(isBounded({ value }, bounds)).toBe(false);
  expect(isBounded(new Map([['key', 'x'.repeat(1_001)]]), bounds)).toBe(false);
});

it.each([
  [() => textOf('abcd', 3)],
  [() => textOf(7, 3)],
  [() => wholeOf(4, 3)],
  [() => wholeOf(-1, 3)],
  [() => wholeOf(1.5, 3)],
  [() => wholeOf(NaN, 3)],
  [() => listOf([1, 2], 1)],
  [() => listOf({ length: 1 }, 1)],
  [() => bytesWithin(new Uint8Array(3), 2)],
  [() => bytesWithin('ab', 2)],
  [() => recordOf(null)],
  [() => recordOf([1])],
  [() => boundedValue(['x'.repeat(1_001)], bounds)],
])('says what was due in place of what came: %s', (read) => {
  expect(read).toThrow(/due/);
});
