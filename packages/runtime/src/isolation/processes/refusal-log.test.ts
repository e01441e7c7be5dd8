import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RefusalLog, type ToldRefusal } from './refusal-log.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

const refusal = { code: 'SANDBOX_EGRESS_NOT_LISTED', entry: 'example.com:443', message: 'not listed' } as const;

it('the first refusals of a second are told, the rest are counted, and the next one says how many', () => {
  const log = new RefusalLog();
  const told: ToldRefusal[] = [];
  log.onTold = (each) => told.push(each);
  for (let n = 0; n < 1_000; n++) log.note(refusal);
  expect(told).toEqual(Array(5).fill({ ...refusal, leftOut: 0 }));
  vi.advanceTimersByTime(1_000);
  log.note(refusal);
  expect(told.at(-1)).toEqual({ ...refusal, leftOut: 995 });
});

it('those that came of too many open connections are counted, told or not', () => {
  const log = new RefusalLog();
  for (let n = 0; n < 10; n++) log.note({ ...refusal, code: 'SANDBOX_EGRESS_TOO_MANY' });
  log.note(refusal);
  expect(log.tooMany).toBe(10);
});
