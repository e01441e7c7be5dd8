import { messageOf } from '@hotswap/protocol';
import { StepClock, toWireError } from './step-clock.ts';
import type { SwapParts, Swapping } from './swap.ts';
import { emptyReport, type SwapReport } from './swap-report.ts';
import { withinPhase } from './time-limit.ts';
import { fail } from '../errors.ts';
import type { Generation } from '../plugin/generation.ts';
import type { PluginSlot, SlotWish } from '../plugin/plugin-slot.ts';
import { type ChangeAhead, takeSnapshot } from '../state/take-snapshot.ts';

/** A change of nothing but the config. */
export interface ConfigChange extends ChangeAhead {
  readonly wish: SlotWish;
  /** It goes back to the config before: its snapshot is used up, and none is taken. */
  readonly isReturn?: boolean;
}

/**
 * Hands a new config to the generation that serves. A config that breaks the schema, or that the plugin refuses with a
 * throw, leaves the old one in force.
 *
 * @returns undefined when the plugin wants a swap instead
 */
export async function configureInPlace(
  parts: Pick<SwapParts, 'settings' | 'configFor'>,
  slot: PluginSlot,
  change: ConfigChange,
): Promise<Swapping | undefined> {
  const { wish, operationId, operation } = change;
  const { current } = slot;
  if (current === undefined) return undefined;
  const steps = new StepClock();
  const report = (outcome: SwapReport['outcome'], error?: unknown): Swapping => {
    const published: SwapReport = {
      ...emptyReport({ outcome, operation, operationId, plugin: slot.name }),
      from: current.number,
      to: current.number,
      steps: steps.steps,
      durationMs: steps.durationMs,
      ...(error === undefined ? {} : { reason: toWireError(error) }),
    };
    return { published, drained: Promise.resolve(published) };
  };
  try {
    const config = await steps.run('check', () => parts.configFor(current.artifact, wish.config));
    const isTaken = await steps.run('start', () => offer(current, config, parts.settings.loadTimeoutMs));
    if (!isTaken) return undefined;
  } catch (error) {
    return report('kept', error);
  }
  if (change.isReturn === true) slot.history.pop();
  else slot.history.push(takeSnapshot(slot, current, change, undefined));
  slot.wish = wish;
  return report('configured');
}

/** @throws PLUGIN_CONFIGURE_FAILED, PLUGIN_PHASE_TIMED_OUT */
async function offer(generation: Generation, config: SlotWish['config'], limitMs: number): Promise<boolean> {
  const { plugin } = generation;
  const taking = generation.configure(config).catch((error: unknown) => {
    throw fail('PLUGIN_CONFIGURE_FAILED', { plugin, problem: messageOf(error) }, { cause: error });
  });
  return withinPhase(taking, { plugin, phase: 'take its config', limitMs });
}
