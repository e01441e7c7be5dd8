import { expect, test } from 'vitest';
import { formatAge, formatDuration } from './durations.ts';

test.each([
  [0.42, '0.4 ms'],
  [3, '3 ms'],
  [34.4, '34 ms'],
  [1_000, '1 s'],
  [2_540, '2.5 s'],
  [200_000, '3m 20s'],
  [18_120_000, '5h 2m'],
  [273_600_000, '3d 4h'],
])('writes %d ms as %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
});

test('says never for a moment that has not been', () => {
  expect(formatAge(0, 5_000)).toBe('never');
  expect(formatAge(2_000, 5_000)).toBe('3 s ago');
});
