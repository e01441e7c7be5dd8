import type { ExportedState } from '@hotswap/protocol';
import type { Logger } from '@hotswap/sdk';
import { type HoldParts, type HoldSettings, type Holding, letIn } from './hold-arrivals.ts';
import { planStatePassage, type StatePassage } from './state-passage.ts';
import { revive, type ReviveParts } from './revive.ts';
import { bringUp } from '../bring-up.ts';
import { retire, stop } from '../retire.ts';
import type { StepClock } from '../step-clock.ts';
import { settlesWithin, withinPhase } from '../time-limit.ts';
import { unlessAborted } from '../../guest/ledger.ts';
import type { Generation } from '../../plugin/generation.ts';
import type { KeptState } from '../../plugin/history.ts';
import type { PluginSlot } from '../../plugin/plugin-slot.ts';
import { seal, unseal, type SealedState } from '../../state/sealed-state.ts';

export interface HandOverSettings extends HoldSettings {
  readonly loadTimeoutMs: number;
  readonly shutdownTimeoutMs: number;
  readonly graceMs: number;
}

/** What a hand-over is made with. */
export interface HandOverParts extends ReviveParts, HoldParts {
  readonly settings: HandOverSettings;
  readonly log: Logger;
  /** Keeps a state for a restart after a crash. Nobody waits for the disk here. */
  readonly keepState: (plugin: string, state: SealedState) => KeptState;
}

/** Two generations of an exclusive plugin: the one that lets go, and the one that takes over. */
export interface Turn {
  readonly slot: PluginSlot;
  readonly previous: Generation;
  readonly generation: Generation;
  readonly steps: StepClock;
  readonly signal: AbortSignal | undefined;
}

/** A hand-over that is done but for the publish. */
export interface HandedOver {
  /** The state as the old generation left it, in its own schema. */
  readonly state: KeptState | undefined;
  /** Answered calls that are not in the state that went over. */
  readonly lost: number;
  /** Instead of the publish: a new generation of the old code takes the old one's place, with its state. */
  readonly undo: (error: unknown) => Promise<void>;
}

/**
 * Tries the passage of the state while the old generation serves: what cannot go over is refused before anything stops.
 *
 * @throws ROLLBACK_NEEDS_FORCE, STATE_VERSION_UNREACHABLE, STATE_MIGRATION_FAILED, STATE_ROUND_TRIP_FAILED
 */
export async function rehearse(
  { settings, log }: Pick<HandOverParts, 'settings' | 'log'>,
  { slot, previous, generation, signal }: Omit<Turn, 'steps'>,
  { earlier, isForced }: { readonly earlier: SealedState | 'gone' | undefined; readonly isForced: boolean },
): Promise<StatePassage> {
  const passage = planStatePassage({
    plugin: slot.name,
    from: previous.exportsState ? previous.traits.state : 'none',
    to: generation.traits.state,
    writes: previous.requests - previous.errors,
    earlier,
    isForced,
  });
  if (passage.type === 'restore' || !passage.isRehearsed || !previous.exportsState) return passage;
  // Whoever has the steps tries them: the new generation on its way up, the old one on its way down.
  const { isolate } = passage.version === undefined ? generation : previous;
  const trial = previous.exportState(passage.version).then((copy) => copy === undefined || isolate.rehearseState(copy));
  const phase = 'try the passage of its state';
  const limit = { plugin: slot.name, phase, limitMs: settings.loadTimeoutMs, signal };
  const isReturnable = await withinPhase(trial, limit);
  if (!isReturnable) {
    log.warn(
      { plugin_name: slot.name, old_version: previous.number, new_version: generation.number },
      'state cannot be migrated down: no automatic rollback after the first write',
    );
  }
  return passage;
}

/**
 * The recipe of a hand-over, once nobody is in the old generation: take its state, stop it, start the new one with the
 * state. Up to the stop a failure lets the old generation go on; from the stop on it is revived.
 */
export async function handOver(
  parts: HandOverParts,
  turn: Turn,
  { passage, holding }: { readonly passage: StatePassage; readonly holding: Holding },
): Promise<HandedOver> {
  const { slot, previous, generation, steps } = turn;
  const { settings } = parts;
  const { lot, limit } = holding;
  let own: ExportedState | undefined;
  let state: ExportedState | undefined;
  try {
    [own, state] = await steps.run('export', () => unlessAborted(take(previous, passage), limit.signal));
  } catch (error) {
    letIn(parts, holding);
    throw error;
  }
  const sealed = own && seal(slot.name, own);
  const kept = sealed && parts.keepState(slot.name, sealed);
  const undo = async (error: unknown): Promise<void> => {
    limit.end();
    // It may hold what the revived one needs, such as a port; past the limit that is tried all the same.
    await settlesWithin(retire(parts, slot, generation, 'refused'), settings.parkTimeoutMs);
    await revive(parts, { slot, previous, lot, state: sealed, steps }, error);
  };
  try {
    previous.lifecycle.move('draining', 'hands over');
    await steps.run('stop', () => unlessAborted(stop(parts, previous, 'handed over'), limit.signal));
    const given = state === own && sealed ? unseal(sealed, 'on its way over') : state;
    await bringUp(generation, given, steps, { limitMs: settings.loadTimeoutMs, signal: limit.signal });
  } catch (error) {
    await undo(error);
    throw error;
  }
  return { state: kept, lost: passage.type === 'restore' ? passage.lost : 0, undo };
}

/** The state in the old generation's own schema, and in the one that goes over. */
async function take(
  previous: Generation,
  passage: StatePassage,
): Promise<readonly [ExportedState | undefined, ExportedState | undefined]> {
  const own = await previous.exportState();
  if (passage.type === 'restore') return [own, passage.state && unseal(passage.state, 'kept for a rollback')];
  return [own, passage.version === undefined ? own : await previous.exportState(passage.version)];
}
