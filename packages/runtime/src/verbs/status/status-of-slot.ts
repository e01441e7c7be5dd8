import { statusOf } from './status-of.ts';
import type { RuntimeCore } from '../../compose-runtime.ts';
import type { PluginSlot } from '../../plugin/plugin-slot.ts';
import type { PluginStatus } from '../../status.ts';

/** What an operator may ask about a plugin of a runtime. `dependents` are the names of those that need it. */
export function statusOfSlot(
  { supervisor, sockets, stateAtRest, resources }: RuntimeCore,
  slot: PluginSlot,
  dependents: readonly string[],
): PluginStatus {
  return statusOf(slot, {
    dependents,
    sockets,
    recovery: supervisor.statusOf(slot),
    savedState: stateAtRest.keeper.statusOf(slot.name),
    usage: resources.statusOf(slot),
  });
}
