import { expect, it } from 'vitest';
import { settlesWithin, withLimit } from './time-limit.ts';

const never = new Promise<never>(() => {});
const timedOut = (): Error => new Error('too late');
const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

it('says whether work settled in time', async () => {
  expect(await settlesWithin(Promise.resolve(), 1_000)).toBe(true);
  expect(await settlesWithin(never, 1)).toBe(false);
  await expect(settlesWithin(Promise.reject(new Error('no')), 1_000)).rejects.toThrow('no');
});

it('gives the value, the error of the work, or that of the limit', async () => {
  expect(await withLimit(Promise.resolve(7), { ms: 1_000, signal: undefined, timedOut })).toBe(7);
  await expect(withLimit(Promise.reject(new Error('no')), { ms: 1_000, signal: undefined, timedOut })).rejects.toThrow(
    'no',
  );
  await expect(withLimit(never, { ms: 1, signal: undefined, timedOut })).rejects.toThrow('too late');
});

it('ends with the reason of a signal, also of one that was aborted before', async () => {
  const controller = new AbortController();
  const waiting = withLimit(never, { ms: 1_000, signal: controller.signal, timedOut });
  controller.abort(new Error('given up'));
  await expect(waiting).rejects.toThrow('given up');
  await expect(withLimit(never, { ms: 1_000, signal: controller.signal, timedOut })).rejects.toThrow('given up');
});

it('leaves no timer behind', async () => {
  const before = timers();
  await settlesWithin(Promise.resolve(), 60_000);
  await withLimit(Promise.resolve(), { ms: 60_000, signal: undefined, timedOut });
  expect(timers()).toBe(before);
});
