import { expect, it } from 'vitest';
import { StepClock, toWireError } from './step-clock.ts';
import { fail } from '../errors.ts';

it('writes down each step with its time, in order', async () => {
  const steps = new StepClock();
  expect(await steps.run('load', async () => 'loaded')).toBe('loaded');
  expect(steps.runSync('publish', () => 'published')).toBe('published');
  expect(steps.steps.map(({ name }) => name)).toEqual(['load', 'publish']);
  for (const { durationMs } of steps.steps) expect(durationMs).toBeGreaterThanOrEqual(0);
  expect(steps.durationMs).toBeGreaterThanOrEqual(0);
});

it('writes down the error that ended a step, and throws it on', async () => {
  const steps = new StepClock();
  const refusal = fail('PLUGIN_UNHEALTHY', { plugin: 'a', problem: 'cold' });
  await expect(steps.run('warm-up', () => Promise.reject(refusal))).rejects.toBe(refusal);
  expect(() =>
    steps.runSync('publish', () => {
      throw new Error('taken');
    }),
  ).toThrow('taken');
  expect(steps.steps.map(({ name, error }) => [name, error?.code])).toEqual([
    ['warm-up', 'PLUGIN_UNHEALTHY'],
    ['publish', 'INTERNAL'],
  ]);
});

it('keeps a coded error as it is and gives anything else a code', () => {
  expect(toWireError(fail('RUNTIME_CLOSED'))).toMatchObject({ code: 'RUNTIME_CLOSED', kind: 'unavailable' });
  expect(toWireError('odd')).toEqual({ code: 'INTERNAL', kind: 'internal', message: 'odd' });
});
