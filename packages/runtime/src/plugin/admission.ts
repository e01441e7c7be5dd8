import type { Generation } from './generation.ts';
import { inOwnWords } from './plugin-call.ts';
import type { PluginSlot } from './plugin-slot.ts';
import { fail } from '../errors.ts';
import type { GuestHandler } from '../guest/guest-host.ts';
import { unlessAborted } from '../guest/ledger.ts';
import type { Held } from '../routing/gate.ts';

/**
 * The generation that takes a call of a plugin whose gate is up: after a wait, or never. Where no gate is up nobody
 * asks: the caller has its generation already.
 *
 * @param holds what the caller holds a lease on
 * @throws PLUGIN_UNAVAILABLE, what the gate refuses with, or the signal's reason
 */
export async function admitted(
  slot: PluginSlot,
  holds: readonly Held[],
  signal: AbortSignal | undefined,
): Promise<Generation> {
  for (;;) {
    const { gate, current } = slot;
    if (gate === undefined) return orUnavailable(slot, current);
    const admission = gate.admit({ kind: 'call', holds: () => holds });
    if (admission.type === 'enter') return admission.generation;
    if (admission.type === 'refuse') throw admission.error;
    if (admission.type !== 'wait') return orUnavailable(slot, undefined);
    const { until, leave } = admission;
    if (signal === undefined) await until;
    else {
      try {
        await unlessAborted(until, signal);
      } catch (error) {
        leave(error instanceof Error ? error : new Error(String(error)));
        until.catch(() => {}); // It was told above already.
        throw error;
      }
    }
  }
}

/**
 * A function that a generation handed out, as others call it: under a lease of that generation. While the plugin is
 * parked it is let in as long as somebody is inside, who may be waiting for it; once the old generation is empty its
 * state may have been taken, and calls wait for what becomes of it. They reject with CALLBACK_GONE when that is its end.
 */
export function boundCallback(
  slot: PluginSlot,
  generation: Generation,
  fn: GuestHandler,
): (input: unknown) => Promise<unknown> {
  return async (input) => {
    const isEmptied = slot.gate?.reason === 'parked' && generation.leases.count === 0;
    if (isEmptied && (await admitted(slot, [], undefined)) !== generation) throw fail('CALLBACK_GONE');
    return generation.callInBackground(fn, () => [input]).catch(inOwnWords);
  };
}

function orUnavailable({ name, publicState }: PluginSlot, generation: Generation | undefined): Generation {
  if (generation !== undefined) return generation;
  throw fail('PLUGIN_UNAVAILABLE', { plugin: name, state: publicState });
}
