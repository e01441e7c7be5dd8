import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDuration, parseSize } from './units.ts';

describe('durations', () => {
  test.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['PT30S', 30_000],
    ['PT0.5S', 500],
    ['P1DT2H', 93_600_000],
    [0, 0],
    [12.4, 12],
  ])('reads %s as %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', '30', '-5s', '5 s', 's', 'P', 'PT', '10 minutes', '1e3ms', -1, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses %s and says how to write it',
    (value) => {
      expect(() => parseDuration(value)).toThrow(
        expect.objectContaining({ code: 'UNIT_INVALID', message: expect.stringContaining('30s') }),
      );
    },
  );

  test('a whole number of any unit is that many of its milliseconds', () => {
    const unit = fc.constantFrom(
      ['ms', 1] as const,
      ['s', 1_000] as const,
      ['m', 60_000] as const,
      ['h', 3_600_000] as const,
    );
    fc.assert(
      fc.property(fc.nat(100_000), unit, (amount, [name, ms]) => parseDuration(`${amount}${name}`) === amount * ms),
    );
  });
});

describe('sizes', () => {
  test.each([
    ['512B', 512],
    ['64KB', 65_536],
    ['10MB', 10_485_760],
    ['1.5 GB', 1_610_612_736],
    ['2gb', 2_147_483_648],
    ['256M', 268_435_456],
    ['64k', 65_536],
    ['1TB', 1_099_511_627_776],
    [4_096, 4_096],
  ])('reads %s as %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(['', '10', 'MB', '-1MB', '10XB', '10 MiB', -1, Number.NaN])(
    'refuses %s and says how to write it',
    (value) => {
      expect(() => parseSize(value)).toThrow(
        expect.objectContaining({ code: 'UNIT_INVALID', message: expect.stringContaining('10MB') }),
      );
    },
  );
});
