import type { Logger } from '@hotswap/sdk';
import type { RecoveryPolicy } from './recovery-policy.ts';
import type { Symptom } from './symptoms.ts';
import type { HostClock } from '../host-services/system-clock.ts';
import type { Artifact } from '../loading/artifact.ts';
import type { PluginSlot } from '../plugin/plugin-slot.ts';
import type { SwapReport } from '../swap/swap-report.ts';
import type { RetireParts } from '../swap/retire.ts';
import type { DrainLimits } from '../swap/drain.ts';
import type { PublishParts } from '../swap/publish.ts';

/** Automatic attempts have ended without the plugin being well: an operator must act. */
export interface Escalation {
  readonly plugin: string;
  /** The id that every line of the log about it bears. */
  readonly operationId: string;
  readonly symptom: Symptom;
  readonly problem: string;
  readonly attempts: number;
  /** What stands in until somebody acts. */
  readonly outcome: 'quarantined' | 'disabled' | 'left-to-breaker';
  readonly at: number;
}

/** What recovery says to a verb. */
export interface RecoveryChange {
  readonly actor: 'recovery';
  readonly reason: string;
  readonly operationId: string;
  readonly signal: AbortSignal;
  readonly wait: 'published';
}

/** The only ways in which recovery starts or ends anything. */
export interface RecoveryVerbs {
  /** @param artifact what ran last: the source may have been edited since */
  restart(plugin: string, change: RecoveryChange & { readonly artifact?: Artifact | undefined }): Promise<SwapReport>;
  rollback(plugin: string, change: RecoveryChange): Promise<SwapReport>;
  disable(plugin: string, change: RecoveryChange): Promise<SwapReport>;
}

/** What recovery is made with. */
export interface RecoveryParts {
  readonly clock: HostClock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Logger;
  readonly verbs: RecoveryVerbs;
  readonly swap: PublishParts & RetireParts & { readonly settings: DrainLimits & RetireParts['settings'] };
  readonly limits: { readonly parkTimeoutMs: number; readonly maxParked: number };
  /** The policy that holds for a plugin now. */
  readonly policyOf: (slot: PluginSlot) => RecoveryPolicy;
  /** A public state may have changed. */
  readonly noted: (slot: PluginSlot, reason: string) => void;
  readonly escalated: (escalation: Escalation) => void;
}
