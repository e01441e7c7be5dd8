import { messageOf } from '@hotswap/protocol';
import type { Logger } from '@hotswap/sdk';
import type { KeyedQueue } from '../keyed-queue.ts';
import type { Verbs } from '../verbs.ts';
import type { HostClock } from '../../host-services/system-clock.ts';
import type { Generation } from '../../plugin/generation.ts';
import type { PluginSlot } from '../../plugin/plugin-slot.ts';
import { retire } from '../../swap/retire.ts';
import { toWireError } from '../../swap/step-clock.ts';
import type { SwapParts } from '../../swap/swap.ts';
import type { Verifier } from '../../verification/verifier.ts';

export interface WithdrawalParts {
  readonly verifier: Verifier;
  readonly verbs: Pick<Verbs, 'withdraw'>;
  readonly swap: SwapParts;
  readonly queue: Pick<KeyedQueue, 'run'>;
  readonly slots: () => readonly PluginSlot[];
  readonly clock: Pick<HostClock, 'after'>;
  readonly log: Logger;
}

/** How often the trust store is looked at: a revocation takes no longer than this to be noticed. */
const lookMs = 1_000;

/** Follows the trust store: what it does not cover any more ends, be it serving, draining or kept warm. */
export class Withdrawals {
  readonly #parts: WithdrawalParts;
  #seenVersion = 0;
  #seenProblem: string | undefined;
  #cancel: (() => void) | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(parts: WithdrawalParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#arm();
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel?.();
    return this.#looking;
  }

  #arm(): void {
    if (this.#isClosed) return;
    this.#cancel = this.#parts.clock.after(lookMs, () => {
      this.#looking = this.#look().finally(() => this.#arm());
    });
  }

  /** A store that cannot be read ends nothing: it may be half of an edit. Nothing is loaded meanwhile. */
  async #look(): Promise<void> {
    const { verifier, slots, log } = this.#parts;
    try {
      await verifier.refresh();
      this.#seenProblem = undefined;
    } catch (error) {
      const problem = messageOf(error);
      if (problem !== this.#seenProblem) log.error({ error: toWireError(error) }, 'trust cannot be read');
      this.#seenProblem = problem;
      return;
    }
    if (verifier.trustVersion === this.#seenVersion) return;
    this.#seenVersion = verifier.trustVersion;
    await Promise.all(slots().map((slot) => this.#judge(slot)));
  }

  async #judge(slot: PluginSlot): Promise<void> {
    const { verifier, verbs, swap, queue, log } = this.#parts;
    const plugin_name = slot.name;
    try {
      for (const generation of slot.generations.values()) {
        if (!isLeaving(generation) || verifier.objectionTo(generation.artifact) === undefined) continue;
        if (slot.probation?.previous === generation) slot.probation.conclude('it was revoked');
        await retire(swap, slot, generation, 'it was revoked');
      }
      // What is being swapped in was let in by the trust of before: it is judged once it serves.
      await queue.run(slot.name, async () => {});
      const objection = slot.current && verifier.objectionTo(slot.current.artifact);
      if (objection === undefined) return;
      log.error({ plugin_name, error: toWireError(objection) }, 'plugin is withdrawn');
      await verbs.withdraw(slot.name, objection);
    } catch (error) {
      log.error({ plugin_name, error: toWireError(error) }, 'plugin was not withdrawn');
    }
  }
}

/** Past its time, yet still there: to finish its requests, or to be returned to. */
function isLeaving({ state }: Generation): boolean {
  return state === 'draining' || state === 'standby';
}
