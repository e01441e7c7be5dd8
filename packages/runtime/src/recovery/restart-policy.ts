import type { FallbackAction } from '@hotswap/protocol';
import type { BackoffRules, RecoveryPolicy } from './recovery-policy.ts';
import type { Symptom } from './symptoms.ts';

/** What is known when it is decided what to do about a plugin that is down. */
export interface RecoveryFacts {
  readonly symptom: Symptom;
  /** When each restart within the last `withinMs` began. */
  readonly attempts: readonly number[];
  /** Whether the version before was gone back to already, in this story. */
  readonly isPreviousTried: boolean;
  /** Whether there is a version to go back to. */
  readonly hasPrevious: boolean;
  /** The breaker has opened for the first time in this story: its own probes may mend it. */
  readonly isFirstOpening: boolean;
  readonly now: number;
}

/** What to do about a plugin that is down. */
export type RecoveryDecision =
  /** Bring a generation up, after a wait. */
  | {
      readonly type: 'attempt';
      readonly action: 'restart' | 'reload-previous';
      readonly attempt: number;
      readonly delayMs: number;
    }
  /** No more attempts: what stands in from now on, until an operator acts. */
  | { readonly type: 'give-up'; readonly action: 'disable' | 'pass-through' | 'static-response' | 'quarantine' }
  /** Only calls fail, and the breaker looks after those: it goes on letting some through, now and then. */
  | { readonly type: 'leave-to-breaker'; readonly isFinal: boolean };

/** What to do next (pure): the first of the policy's fallbacks that is not used up. */
export function decideRecovery(facts: RecoveryFacts, policy: RecoveryPolicy, random: number): RecoveryDecision {
  const isOfBreaker = facts.symptom === 'breaker';
  const isHasty = policy.failurePolicy === 'reload';
  if (isOfBreaker && facts.isFirstOpening && !isHasty) return { type: 'leave-to-breaker', isFinal: false };
  for (const action of policy.fallback) {
    const decision = decisions[action](facts, policy, random);
    if (decision !== undefined) return decision;
  }
  // Errors that requests meet are never enough to take a plugin out of service: only the operator's word is.
  return isOfBreaker ? { type: 'leave-to-breaker', isFinal: true } : { type: 'give-up', action: 'quarantine' };
}

type Decide = (facts: RecoveryFacts, policy: RecoveryPolicy, random: number) => RecoveryDecision | undefined;

/** What each fallback comes to; undefined: it is used up. */
const decisions: Readonly<Record<FallbackAction, Decide>> = {
  restart: (facts, policy, random) => {
    const attempt = attemptsWithin(facts.attempts, facts.now, policy.withinMs).length + 1;
    if (attempt > policy.maxAttempts) return undefined;
    const isAtOnce = attempt === 1 && policy.failurePolicy === 'reload';
    const delayMs = isAtOnce ? 0 : backoffDelay(attempt, policy.backoff, random);
    return { type: 'attempt', action: 'restart', attempt, delayMs };
  },
  'reload-previous': ({ isPreviousTried, hasPrevious }) =>
    isPreviousTried || !hasPrevious
      ? undefined
      : { type: 'attempt', action: 'reload-previous', attempt: 1, delayMs: 0 },
  disable: () => ({ type: 'give-up', action: 'disable' }),
  'pass-through': () => ({ type: 'give-up', action: 'pass-through' }),
  'static-response': () => ({ type: 'give-up', action: 'static-response' }),
};

/** Attempts that still count. */
export function attemptsWithin(attempts: readonly number[], now: number, withinMs: number): readonly number[] {
  return attempts.filter((at) => now - at < withinMs);
}

/**
 * How long to wait before an attempt, in milliseconds (pure).
 *
 * @param attempt from 1
 * @param random in [0, 1): spreads the exponential wait over all that it may be, so that plugins that failed together
 * do not come back together
 */
export function backoffDelay(attempt: number, { strategy, fromMs, toMs }: BackoffRules, random: number): number {
  switch (strategy) {
    case 'fixed':
      return Math.min(fromMs, toMs);
    case 'linear':
      return Math.min(fromMs * attempt, toMs);
    case 'exponential':
      return Math.floor(random * Math.min(fromMs * 2 ** (attempt - 1), toMs));
  }
}
