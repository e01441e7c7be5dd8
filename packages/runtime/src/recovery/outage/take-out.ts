import { isCodedError } from '@hotswap/protocol';
import type { RecoveryParts } from '../recovery-parts.ts';
import type { Generation } from '../../plugin/generation.ts';
import type { PluginSlot, StandIn } from '../../plugin/plugin-slot.ts';
import type { Gate } from '../../routing/gate.ts';
import { drain } from '../../swap/drain.ts';
import { publish, republish } from '../../swap/publish.ts';
import { retire } from '../../swap/retire.ts';

/** Puts the gate of a plugin up or takes it down: one new table, and none where nothing changes. */
export function putUp(parts: RecoveryParts['swap'], slot: PluginSlot, outage: StandIn | undefined): void {
  const before = slot.outage;
  if (before?.gate === outage?.gate && before?.last === outage?.last) return;
  slot.outage = outage;
  try {
    republish(parts);
  } catch (error) {
    // Another plugin took its routes while it was disabled: they are no longer its own to answer for.
    if (!isCodedError(error) || error.code !== 'ROUTE_CONFLICT') throw error;
    slot.outage = undefined;
    republish(parts);
  }
}

/** Takes the generation that serves out of the table, without a successor; its gate answers from then on. */
export function takeOut(
  parts: Pick<RecoveryParts, 'swap' | 'noted'>,
  slot: PluginSlot,
  { gate, reason }: { readonly gate: Gate<Generation>; readonly reason: string },
): void {
  const { current, operation } = slot;
  if (current === undefined) return;
  slot.probation?.conclude(reason);
  slot.outage = { gate, last: current };
  publish(parts.swap, [{ slot, successor: undefined }], reason);
  slot.track(seeOff(parts.swap, slot, current, reason));
  // What is being done to it goes on, as its start: a plugin that was reloading has failed first.
  slot.operation = undefined;
  parts.noted(slot, reason);
  slot.operation = operation && 'start';
  if (operation) parts.noted(slot, reason);
}

/** Ends a generation that nobody is assigned to. */
export function endQuietly(parts: RecoveryParts['swap'], slot: PluginSlot, generation: Generation): void {
  slot.track(retire(parts, slot, generation, 'its isolate ended'));
}

async function seeOff(
  parts: RecoveryParts['swap'],
  slot: PluginSlot,
  generation: Generation,
  reason: string,
): Promise<void> {
  if (generation.state === 'draining') await drain(generation, parts.settings, parts.boards.events);
  await retire(parts, slot, generation, reason);
}
