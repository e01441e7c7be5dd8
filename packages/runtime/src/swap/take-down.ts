import { drain, type DrainLimits } from './drain.ts';
import { detach, publish, type PublishParts, republish } from './publish.ts';
import { retire, type RetireParts } from './retire.ts';
import { StepClock, toWireError } from './step-clock.ts';
import { withinPhase } from './time-limit.ts';
import type { Generation } from '../plugin/generation.ts';
import { seal, type SealedState } from '../state/sealed-state.ts';
import { emptyReport, type SwapReport } from './swap-report.ts';
import type { PluginSlot } from '../plugin/plugin-slot.ts';

export interface TakeDownParts extends PublishParts, RetireParts {
  readonly settings: DrainLimits & RetireParts['settings'];
  readonly noted: (slot: PluginSlot, reason: string) => void;
  readonly keepState: (plugin: string, state: SealedState) => void;
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
    if (current.exportsState) await steps.run('export', () => keep(parts, slot, current));
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

/** The state it ends with, for when it is loaded again. One that cannot be had does not keep a plugin from ending. */
async function keep(parts: TakeDownParts, slot: PluginSlot, generation: Generation): Promise<void> {
  const { shutdownTimeoutMs: limitMs } = parts.settings;
  const phase = { plugin: slot.name, phase: 'export its state', limitMs, setting: 'shutdownTimeout' } as const;
  try {
    const exported = await withinPhase(generation.exportState(), phase);
    if (exported) parts.keepState(slot.name, seal(slot.name, exported));
  } catch (error) {
    parts.log.error({ plugin_name: slot.name, error: toWireError(error) }, 'state was not kept');
  }
}
