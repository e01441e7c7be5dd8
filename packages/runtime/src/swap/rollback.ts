import { drain, type DrainLimits } from './drain.ts';
import { publish, type PublishParts } from './publish.ts';
import { retire, type RetireParts } from './retire.ts';
import type { Generation } from '../plugin/generation.ts';
import type { PluginSlot } from '../plugin/plugin-slot.ts';

export interface RollbackParts extends PublishParts, RetireParts {
  readonly settings: DrainLimits & RetireParts['settings'];
  readonly noted: (slot: PluginSlot, reason: string) => void;
}

/**
 * Returns to the generation before, which is still alive, drained or draining: one publish, no start, no wait.
 * The one that failed is drained and stopped behind the scenes.
 *
 * @returns when it is gone: how many of its requests were cancelled
 */
export function returnToPrevious(
  parts: RollbackParts,
  pair: { readonly slot: PluginSlot; readonly from: Generation; readonly to: Generation },
  reason: string,
): Promise<number> {
  const { slot, from, to } = pair;
  publish(parts, [{ slot, successor: to }], `rollback: ${reason}`);
  to.leases.callOffDrain();
  slot.history.forgetConfigsOf(from.number);
  const snapshot = slot.history.latest;
  if (snapshot?.generation === to.number) {
    const { source, config, isolation } = snapshot;
    slot.wish = { ...slot.wish, source, config, isolation };
    slot.history.pop();
  }
  parts.noted(slot, `rolled back: ${reason}`);
  return seeOff(parts, slot, from, reason);
}

/** @returns how many requests were cancelled */
async function seeOff(parts: RollbackParts, slot: PluginSlot, from: Generation, reason: string): Promise<number> {
  const cancelled = await drain(from, parts.settings, parts.boards.events);
  await retire(parts, slot, from, `rolled back: ${reason}`);
  return cancelled;
}
