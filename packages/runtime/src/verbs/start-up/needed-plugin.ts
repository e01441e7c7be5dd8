import type { WireError } from '@hotswap/protocol';
import type { Roster } from '../roster.ts';
import type { PluginSlot } from '../../plugin/plugin-slot.ts';

/** The errors that another plugin can mend by becoming active. */
const mendable: readonly string[] = ['DEPENDENCY_MISSING', 'DEPENDENCY_INACTIVE', 'DEPENDENCY_FAILED'];

/** Tells that a plugin could not start, and remembers what it waits for, so that it is tried again in time. */
export function noteNeed(
  slot: PluginSlot,
  reason: WireError | undefined,
  parts: { readonly roster: Roster; readonly noted: (slot: PluginSlot, reason: string) => void },
): void {
  if (reason === undefined) return;
  const plugin = reason.details?.['dependency'];
  if (typeof plugin === 'string' && mendable.includes(reason.code)) {
    slot.needs = { plugin, isInstalled: parts.roster.find(plugin) !== undefined };
  }
  parts.noted(slot, reason.message);
}

/** Plugins to try again now that `plugin` is active. */
export function waitingFor(roster: Roster, plugin: string): readonly PluginSlot[] {
  return roster.slots.filter(({ needs, wish }) => needs?.plugin === plugin && wish.isEnabled);
}
