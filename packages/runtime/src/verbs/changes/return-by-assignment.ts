import type { PluginSlot, Probation } from '../../plugin/plugin-slot.ts';
import { returnToPrevious } from '../../swap/rollback.ts';
import { StepClock } from '../../swap/step-clock.ts';
import type { SwapParts, Swapping } from '../../swap/swap.ts';
import { emptyReport, type SwapReport } from '../../swap/swap-report.ts';

/** A plugin whose newest generation is still on probation. */
export interface WarmReturn {
  readonly slot: PluginSlot;
  readonly probation: Probation;
  readonly operationId: string;
}

/** Whether the generation before is still alive. One that handed over has stopped: going back is a swap then. */
export function canReturn({ probation }: PluginSlot): boolean {
  return probation !== undefined && probation.previous.state !== 'stopped';
}

/** While the generation before is still warm, going back is one assignment. @throws what trust says against it */
export function returnByAssignment(
  parts: SwapParts,
  { slot, probation, operationId }: WarmReturn,
  reason: string,
): Swapping {
  const { candidate, previous } = probation;
  const objection = parts.objectionTo(previous.artifact);
  if (objection) throw objection;
  const steps = new StepClock();
  const left = steps.runSync('rollback', () =>
    returnToPrevious(parts, { slot, from: candidate, to: previous }, reason),
  );
  probation.conclude('returned');
  slot.countRollback('manual');
  const published: SwapReport = {
    ...emptyReport({ outcome: 'swapped', operation: 'rollback', operationId, plugin: slot.name }),
    from: candidate.number,
    to: previous.number,
    steps: steps.steps,
    durationMs: steps.durationMs,
  };
  return { published, drained: left.then((cancelled) => ({ ...published, cancelled })) };
}
