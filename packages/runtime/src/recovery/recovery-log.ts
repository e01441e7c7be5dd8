import { randomUUID } from 'node:crypto';
import { messageOf } from '@hotswap/protocol';
import type { Logger } from '@hotswap/sdk';
import type { Escalation } from './recovery-parts.ts';

/** Tells the host of an escalation; what it throws is logged. */
export async function tellEscalation(
  tell: ((escalation: Escalation) => void | Promise<void>) | undefined,
  escalation: Escalation,
  log: Logger,
): Promise<void> {
  try {
    await tell?.(escalation);
  } catch (error) {
    const { plugin, operationId } = escalation;
    const about = { plugin_name: plugin, operation_id: operationId, error: messageOf(error) };
    log.error(about, 'the host failed to hear of an escalation');
  }
}

/** How a story ended. */
export type RecoveryOutcome =
  | 'recovered'
  | 'rolled-back'
  /** A watch wanted to go back and could not. */
  | 'stayed'
  | 'quarantined'
  | 'disabled'
  | 'left-to-breaker'
  | 'superseded'
  | 'closed';

/** What is written of one plugin's way from the first symptom to the end: every line bears the same operation id. */
export class RecoveryLog {
  readonly operationId: string = `recovery-${randomUUID().slice(0, 8)}`;
  readonly #log: Logger;
  readonly #about: { readonly plugin_name: string; readonly operation_id: string };

  constructor(log: Logger, plugin: string) {
    this.#log = log;
    this.#about = { plugin_name: plugin, operation_id: this.operationId };
  }

  began(symptom: string, problem: string): void {
    this.#log.warn({ ...this.#about, symptom, problem }, 'recovery began');
  }

  /** @param decision what is done, and what it rests on */
  step(symptom: string, decision: { readonly decision: string } & Readonly<Record<string, unknown>>): void {
    this.#log.warn({ ...this.#about, symptom, ...decision }, 'recovery step');
  }

  ended(outcome: RecoveryOutcome, reason: string): void {
    const isWell = outcome === 'recovered' || outcome === 'superseded' || outcome === 'closed';
    this.#log[isWell ? 'info' : 'warn']({ ...this.#about, outcome, reason }, 'recovery ended');
  }

  escalated(fields: Readonly<Record<string, unknown>>): void {
    this.#log.error({ ...this.#about, ...fields }, 'recovery escalated');
  }
}
