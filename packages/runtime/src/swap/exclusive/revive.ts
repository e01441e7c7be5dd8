import type { Logger } from '@hotswap/sdk';
import { bringUp, evaluate } from '../bring-up.ts';
import { publish, type PublishParts } from '../publish.ts';
import { retire, type RetireParts } from '../retire.ts';
import { type StepClock, toWireError } from '../step-clock.ts';
import { fail } from '../../errors.ts';
import type { Artifact } from '../../loading/artifact.ts';
import type { Generation } from '../../plugin/generation.ts';
import type { PluginSlot, SlotWish } from '../../plugin/plugin-slot.ts';
import type { ParkingLot } from '../../routing/parking-lot.ts';
import { unseal, type SealedState } from '../../state/sealed-state.ts';

export interface ReviveParts extends PublishParts, RetireParts {
  readonly settings: RetireParts['settings'] & { readonly loadTimeoutMs: number };
  readonly log: Logger;
  readonly make: (slot: PluginSlot, artifact: Artifact, wish: SlotWish) => Generation;
  /** Neither the new version nor the old one came up: nobody serves. */
  readonly unrevived: (slot: PluginSlot, problem: string) => void;
  /** A public state may have changed. */
  readonly noted: (slot: PluginSlot, reason: string) => void;
}

/** What is left of a hand-over that failed after the old generation had stopped. */
export interface BrokenTurn {
  readonly slot: PluginSlot;
  readonly previous: Generation;
  readonly lot: ParkingLot<Generation>;
  /** As the old generation left it. */
  readonly state: SealedState | undefined;
  readonly steps: StepClock;
}

/**
 * Starts the old code anew with the state it had, and lets those who wait go on into it. Where that fails too nobody
 * serves: those who wait are told so, and recovery takes over.
 */
export async function revive(parts: ReviveParts, turn: BrokenTurn, cause: unknown): Promise<void> {
  const { slot, previous, lot, state, steps } = turn;
  const generation = parts.make(slot, previous.artifact, { ...slot.wish, config: previous.config });
  slot.add(generation);
  const limit = { limitMs: parts.settings.loadTimeoutMs, signal: undefined };
  try {
    await steps.run('revive', async () => {
      await evaluate(generation, limit);
      await bringUp(generation, state && unseal(state, 'kept for a revival'), steps, limit);
    });
    slot.parking = undefined;
    publish(parts, [{ slot, successor: generation }], 'revived');
    lot.release();
  } catch (error) {
    const { message } = toWireError(error);
    parts.log.error(
      { plugin_name: slot.name, error: toWireError(error), cause: toWireError(cause) },
      'the old version could not be revived after a failed hand-over',
    );
    slot.parking = undefined;
    slot.failure = toWireError(error);
    publish(parts, [{ slot, successor: undefined }], 'nobody is left');
    parts.noted(slot, message);
    lot.refuse(fail('PLUGIN_UNAVAILABLE', { plugin: slot.name, state: slot.publicState }));
    if (generation.lifecycle.can('failed')) generation.lifecycle.move('failed', toWireError(error).code);
    slot.track(retire(parts, slot, generation, 'could not be revived'));
    parts.unrevived(slot, message);
  }
  slot.track(retire(parts, slot, previous, 'handed over'));
}
