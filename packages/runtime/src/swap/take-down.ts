import { drain, type DrainLimits } from './drain.ts';
import { detach, publish, type PublishParts, republish } from './publish.ts';
import { retire, type RetireParts } from './retire.ts';
import { StepClock } from './step-clock.ts';
import { emptyReport, type SwapReport } from './swap-report.ts';
import type { PluginSlot } from '../plugin/plugin-slot.ts';

export interface TakeDownParts extends PublishParts, RetireParts {
  readonly settings: DrainLimits & RetireParts['settings'];
  readonly noted: (slot: PluginSlot, reason: string) => void;
}

/**
 * Ends what serves without a successor. New requests meet 503 while the last ones finish; then the routes are gone.
 * The slot stays: whoever unloads removes it.
 */
export async function takeDown(
  parts: TakeDownParts,
  slot: PluginSlot,
  { operation, operationId }: { readonly operation: 'unload' | 'disable'; readonly operationId: string },
): Promise<SwapReport> {
  const steps = new StepClock();
  const { current } = slot;
  let cancelled = 0;
  slot.probation?.conclude(operation);
  if (current) {
    slot.operation = 'remove';
    parts.noted(slot, operation);
    detach(current);
    republish(parts);
    cancelled = await steps.run('drain', () => drain(current, parts.settings, parts.boards.events));
    steps.runSync('publish', () => publish(parts, [{ slot, successor: undefined }], operation));
    await steps.run('stop', () => retire(parts, slot, current, operation));
  }
  await slot.whenEnded();
  slot.failure = undefined;
  if (operation === 'disable') {
    slot.operation = undefined;
    parts.noted(slot, operation);
  }
  return {
    ...emptyReport({ outcome: 'unloaded', operation, operationId, plugin: slot.name }),
    from: current?.number,
    steps: steps.steps,
    cancelled,
    durationMs: steps.durationMs,
  };
}
