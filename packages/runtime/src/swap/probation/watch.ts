import { askHealth } from '../warm-up.ts';
import { settlesWithin } from '../time-limit.ts';
import { verdictOn, type WatchRules } from './verdict.ts';
import type { Generation } from '../../plugin/generation.ts';
import type { PluginSlot, Probation } from '../../plugin/plugin-slot.ts';

export interface WatchSettings {
  /** How long a new generation is watched; 0: not at all. */
  readonly probationMs: number;
  /** How often health and latency are looked at meanwhile; default 1 s. */
  readonly probeMs: number;
  readonly rules: WatchRules;
}

export interface WatchOutcome {
  /** The candidate must give way. */
  readonly onRollback: (reason: 'error-rate' | 'latency' | 'health' | 'crash') => void;
  /** The watch is over and the candidate keeps its place. */
  readonly onKept: (reason: string) => void;
}

/**
 * Watches the first minutes of a generation. Errors are judged as they happen, health and latency once a probe.
 * Exactly one of the outcomes is called, once.
 */
export function watchCandidate(
  pair: { readonly slot: PluginSlot; readonly candidate: Generation; readonly previous: Generation },
  settings: WatchSettings,
  outcome: WatchOutcome,
): Probation {
  const { slot, candidate, previous } = pair;
  const before = { requests: candidate.requests, errors: candidate.errors, faults: candidate.faults };
  const baseline = {
    requests: previous.requests,
    errorRate: previous.requests === 0 ? 0 : previous.errors / previous.requests,
    p99Ms: previous.durations.quantile(0.99),
  };
  let strikes = 0;
  let isOver = false;

  const finish = (then: () => void): void => {
    if (isOver) return;
    isOver = true;
    clearInterval(probe);
    clearTimeout(end);
    candidate.onOutcome = undefined;
    slot.probation = undefined;
    then();
  };
  const judge = (): void => {
    const seen = {
      requests: candidate.requests - before.requests,
      errors: candidate.errors - before.errors,
      faults: candidate.faults - before.faults,
      strikes,
      p99Ms: candidate.durations.quantile(0.99),
    };
    const reason = verdictOn(seen, baseline, settings.rules);
    if (reason !== undefined) finish(() => outcome.onRollback(reason));
  };
  const probe = setInterval(() => {
    const health = askHealth(candidate).then(({ status }) => void (strikes = status === 'healthy' ? 0 : strikes + 1));
    // A check that hangs is a failed one: the next probe does not wait for it.
    void settlesWithin(health, settings.probeMs).then((isSettled) => {
      if (!isSettled) strikes++;
      judge();
    });
  }, settings.probeMs).unref();
  const end = setTimeout(() => finish(() => outcome.onKept('the probation is over')), settings.probationMs).unref();
  candidate.onOutcome = ({ isError }) => {
    if (isError) judge();
  };
  const probation: Probation = {
    candidate,
    previous,
    conclude: (reason) => finish(() => outcome.onKept(reason)),
  };
  slot.probation = probation;
  return probation;
}
