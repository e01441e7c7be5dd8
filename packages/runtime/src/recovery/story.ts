import type { RecoveryLog } from './recovery-log.ts';
import type { Symptom } from './symptoms.ts';
import type { SwapReport } from '../swap/swap-report.ts';

/**
 * Where a story stands. `waiting`: an attempt is due later. `acting`: a verb is under way. `settling`: the plugin serves
 * again, and must do so for a while. `probing`: its breaker is open and tries by itself.
 */
type Phase = 'waiting' | 'acting' | 'settling' | 'probing';

/** One plugin's way from the first symptom to the end. */
export interface Story {
  readonly log: RecoveryLog;
  symptom: Symptom;
  problem: string;
  phase: Phase;
  /** Whether the version before was gone back to. */
  isPreviousTried: boolean;
  /** How often its breaker has opened. */
  openings: number;
  /** Milliseconds since the epoch. */
  nextAttemptAt: number | undefined;
  /** Ends what the phase waits for. */
  cancel: (reason: Error) => void;
}

/** The first symptom is written down; what is done about it comes next. */
export function beginStory(log: RecoveryLog, symptom: Symptom, problem: string): Story {
  log.began(symptom, problem);
  return {
    log,
    symptom,
    problem,
    phase: 'probing',
    isPreviousTried: false,
    openings: 0,
    nextAttemptAt: undefined,
    cancel: () => {},
  };
}

/** Why a verb did not do what it was asked for; undefined: it did. */
export function problemOf({ outcome, reason }: SwapReport): string | undefined {
  return outcome === 'kept' || outcome === 'failed' ? (reason?.message ?? outcome) : undefined;
}

/** Failures to start that may be over after a while; a wrong manifest, config or build stays wrong. */
const passingCodes: readonly string[] = ['PLUGIN_START_FAILED', 'PLUGIN_UNHEALTHY', 'PLUGIN_PHASE_TIMED_OUT'];

/** Whether another attempt to start may go better. */
export function isPassing({ code, kind }: { readonly code: string; readonly kind: string }): boolean {
  return passingCodes.includes(code) || code.startsWith('ISOLATE_') || kind === 'unavailable' || kind === 'timeout';
}
