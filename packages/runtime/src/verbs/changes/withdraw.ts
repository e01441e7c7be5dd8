import type { Roster } from '../roster.ts';
import { republish } from '../../swap/publish.ts';
import { toWireError } from '../../swap/step-clock.ts';
import type { SwapParts, Swapping } from '../../swap/swap.ts';
import { takeDown } from '../../swap/take-down.ts';

export interface WithdrawParts {
  readonly roster: Roster;
  readonly swap: SwapParts;
}

/** Milliseconds in which code that must not run any more may stop by itself. */
const stopTimeout = 1_000;

/** Takes a plugin down at once: nobody waits for what it still holds, and what it says on leaving has a second. */
export async function withdraw(
  { roster, swap: parts }: WithdrawParts,
  plugin: string,
  { id, objection }: { readonly id: string; readonly objection: Error },
): Promise<Swapping> {
  const slot = roster.get(plugin);
  const settings = { ...parts.settings, drainTimeoutMs: 0, shutdownTimeoutMs: stopTimeout };
  const report = await takeDown({ ...parts, settings }, slot, { operation: 'unload', operationId: id });
  slot.operation = undefined;
  slot.failure = toWireError(objection);
  republish(parts);
  parts.noted(slot, objection.message);
  return { published: report, drained: Promise.resolve(report) };
}
