import { array, assert, constantFrom, double, integer, nat, property, record, uniqueArray } from 'fast-check';
import type { FallbackAction } from '@hotswap/protocol';
import { describe, expect, it } from 'vitest';
import { defaultRecoveryPolicy, type RecoveryPolicy } from './recovery-policy.ts';
import { backoffDelay, decideRecovery, type RecoveryFacts } from './restart-policy.ts';
import { healerOf } from './symptoms.ts';

const facts: RecoveryFacts = {
  symptom: 'crash',
  attempts: [],
  isPreviousTried: false,
  hasPrevious: true,
  isFirstOpening: true,
  now: 600_000,
};

describe('what is done about a plugin that is down', () => {
  it('is five restarts in ten minutes, and then quarantine', () => {
    const decide = (attempts: readonly number[]) => decideRecovery({ ...facts, attempts }, defaultRecoveryPolicy, 0.5);
    expect(decide([])).toEqual({ type: 'attempt', action: 'restart', attempt: 1, delayMs: 500 });
    expect(decide([1, 2, 3, 4])).toEqual({ type: 'attempt', action: 'restart', attempt: 5, delayMs: 8_000 });
    expect(decide([1, 2, 3, 4, 5])).toEqual({ type: 'give-up', action: 'quarantine' });
    expect(decide([0, 0, 0, 0, 5])).toMatchObject({ attempt: 2 });
  });

  it('goes through the fallbacks in the order in which they are named', () => {
    const policy: RecoveryPolicy = {
      ...defaultRecoveryPolicy,
      maxAttempts: 1,
      fallback: ['restart', 'reload-previous', 'static-response'],
    };
    const decide = (some: Partial<RecoveryFacts>) => decideRecovery({ ...facts, ...some }, policy, 0);
    expect(decide({})).toMatchObject({ action: 'restart' });
    expect(decide({ attempts: [599_000] })).toMatchObject({ action: 'reload-previous', delayMs: 0 });
    expect(decide({ attempts: [599_000], isPreviousTried: true })).toEqual({
      type: 'give-up',
      action: 'static-response',
    });
    expect(decide({ attempts: [599_000], hasPrevious: false })).toEqual({ type: 'give-up', action: 'static-response' });
  });

  it('is nothing at first when the breaker opens: it tries by itself', () => {
    const opened: RecoveryFacts = { ...facts, symptom: 'breaker' };
    expect(decideRecovery(opened, defaultRecoveryPolicy, 0)).toEqual({ type: 'leave-to-breaker', isFinal: false });
    const again = decideRecovery({ ...opened, isFirstOpening: false }, defaultRecoveryPolicy, 0);
    expect(again).toMatchObject({ action: 'restart' });
  });

  it('is a new generation at once under the policy reload', () => {
    const policy: RecoveryPolicy = { ...defaultRecoveryPolicy, failurePolicy: 'reload' };
    expect(decideRecovery({ ...facts, symptom: 'breaker' }, policy, 0.9)).toMatchObject({ attempt: 1, delayMs: 0 });
    expect(decideRecovery({ ...facts, attempts: [1] }, policy, 0.5)).toMatchObject({ attempt: 2, delayMs: 1_000 });
  });

  it('is never quarantine because of calls that fail', () => {
    const again: RecoveryFacts = { ...facts, symptom: 'breaker', isFirstOpening: false, attempts: [1, 2, 3, 4, 5] };
    expect(decideRecovery(again, defaultRecoveryPolicy, 0)).toEqual({ type: 'leave-to-breaker', isFinal: true });
  });

  it('comes to an end whatever the policy, and never tries more often than it may', () => {
    const fallbacks: readonly FallbackAction[] = [
      'restart',
      'reload-previous',
      'disable',
      'pass-through',
      'static-response',
    ];
    const policies = record({
      failurePolicy: constantFrom('closed' as const, 'open' as const, 'reload' as const),
      maxAttempts: integer({ min: 1, max: 9 }),
      fallback: uniqueArray(constantFrom(...fallbacks)),
    });
    const symptoms = constantFrom('crash' as const, 'health' as const, 'breaker' as const);
    assert(
      property(
        policies,
        symptoms,
        array(double({ min: 0, max: 0.999, noNaN: true }), { minLength: 12 }),
        (given, symptom, random) => {
          const policy: RecoveryPolicy = { ...defaultRecoveryPolicy, ...given };
          let [attempts, isPreviousTried, now]: [readonly number[], boolean, number] = [[], false, 0];
          for (const draw of random) {
            const decision = decideRecovery(
              { symptom, attempts, isPreviousTried, hasPrevious: true, isFirstOpening: false, now },
              policy,
              draw,
            );
            if (decision.type !== 'attempt') return;
            expect(decision.delayMs).toBeLessThanOrEqual(policy.backoff.toMs);
            now += decision.delayMs;
            if (decision.action === 'restart') attempts = [...attempts, now];
            else isPreviousTried = true;
            expect(attempts.filter((at) => now - at < policy.withinMs).length).toBeLessThanOrEqual(policy.maxAttempts);
          }
          expect(attempts.length).toBeGreaterThan(0);
        },
      ),
    );
  });
});

describe('the wait before an attempt', () => {
  it('is always the same, grows by the same, or doubles, up to the longest', () => {
    const waits = (strategy: 'fixed' | 'linear' | 'exponential') =>
      [1, 2, 3, 4].map((attempt) => backoffDelay(attempt, { strategy, fromMs: 1_000, toMs: 3_500 }, 0.999_999));
    expect(waits('fixed')).toEqual([1_000, 1_000, 1_000, 1_000]);
    expect(waits('linear')).toEqual([1_000, 2_000, 3_000, 3_500]);
    expect(waits('exponential')).toEqual([999, 1_999, 3_499, 3_499]);
  });

  it('is spread over everything from nothing to the longest', () => {
    assert(
      property(
        integer({ min: 1, max: 40 }),
        double({ min: 0, max: 0.999, noNaN: true }),
        nat(5_000),
        (attempt, random, fromMs) => {
          const delay = backoffDelay(attempt, { strategy: 'exponential', fromMs, toMs: 60_000 }, random);
          expect(delay).toBe(Math.floor(random * Math.min(fromMs * 2 ** (attempt - 1), 60_000)));
        },
      ),
    );
  });
});

it('is the business of the watch while a generation is on probation, of the supervisor later, and never of both', () => {
  for (const symptom of ['crash', 'health', 'faults', 'timeouts', 'breaker'] as const) {
    expect([healerOf(symptom, true), healerOf(symptom, false)]).toEqual(['watch', 'supervisor']);
  }
  expect([healerOf('start-failed', true), healerOf('start-failed', false)]).toEqual(['supervisor', 'supervisor']);
});
