import { defineErrors } from './coded-error.ts';

const fail = defineErrors({
  UNIT_INVALID: { kind: 'invalid', message: '{value} is not a {unit}; write it like {example}' },
});

const msPer: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const bytesPer: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1_024,
  MB: 1_048_576,
  GB: 1_073_741_824,
  TB: 1_099_511_627_776,
};
const isoDuration = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/**
 * Reads a duration: `250ms`, `30s`, `5m`, `1h30m`, `PT30S`, or a bare number of milliseconds.
 *
 * @returns milliseconds, rounded to whole ones
 * @throws UNIT_INVALID
 */
export function parseDuration(value: string | number): number {
  if (typeof value === 'number') {
    if (Number.isFinite(value) && value >= 0) return Math.round(value);
    throw invalidDuration(value);
  }
  const iso = isoDuration.exec(value);
  if (iso && /\d/.test(value)) {
    const [, days = 0, hours = 0, minutes = 0, seconds = 0] = iso.map((part) => Number(part ?? 0));
    return Math.round(((days * 24 + hours) * 60 + minutes) * 60_000 + seconds * 1_000);
  }
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/.test(value)) throw invalidDuration(value);
  let total = 0;
  for (const [, amount, unit] of value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(amount) * (msPer[unit as string] as number);
  }
  return Math.round(total);
}

/**
 * Reads a size: `512B`, `64KB`, `10MB`, `2GB` (powers of 1,024), `64K` and `10M` alike, or a bare number of bytes.
 *
 * @returns bytes, rounded to whole ones
 * @throws UNIT_INVALID
 */
export function parseSize(value: string | number): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return Math.round(value);
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*(B|[KMGT]B?)$/i.exec(value) : null;
  if (!match) throw fail('UNIT_INVALID', { value: JSON.stringify(value), unit: 'size', example: '10MB' });
  const unit = (match[2] as string).toUpperCase();
  return Math.round(Number(match[1]) * (bytesPer[unit] ?? bytesPer[`${unit}B`] ?? NaN));
}

function invalidDuration(value: string | number): Error {
  return fail('UNIT_INVALID', { value: JSON.stringify(value), unit: 'duration', example: '30s or PT30S' });
}
