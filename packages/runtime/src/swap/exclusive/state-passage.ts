import { fail } from '../../errors.ts';
import type { StateTraits } from '../../guest/guest-state.ts';
import type { SealedState } from '../../state/sealed-state.ts';

/** What is known when it is decided how the state of one generation reaches the next. */
export interface PassageFacts {
  readonly plugin: string;
  readonly from: StateTraits;
  readonly to: StateTraits;
  /** Calls that the old generation has answered well since it serves: each may have been a write. */
  readonly writes: number;
  /** The state from before the old generation, where the change goes back to that; `gone`: there was one. */
  readonly earlier: SealedState | 'gone' | undefined;
  /** The operator accepts that writes are lost. */
  readonly isForced: boolean;
}

/** How the state goes over. */
export type StatePassage =
  /** Exported in the schema of `version`, or in the old generation's own. */
  | { readonly type: 'carry'; readonly version: number | undefined; readonly isRehearsed: boolean }
  /** The state from before; `lost` calls that were answered since are not in it. */
  | { readonly type: 'restore'; readonly state: SealedState | undefined; readonly lost: number };

/**
 * Decides how the state reaches the next generation: up by its migrations, down by those of the old one, or, where there is no way
 * down, back to what it was before.
 *
 * @throws ROLLBACK_NEEDS_FORCE when that would lose acknowledged writes and nobody has said that it may; STATE_GONE when
 * there is nothing left to go back to
 */
export function planStatePassage(facts: PassageFacts): StatePassage {
  const from = versionOf(facts.from);
  const to = versionOf(facts.to);
  if (from <= to) return { type: 'carry', version: undefined, isRehearsed: from < to };
  if (returnsTo(facts.from) <= to) return { type: 'carry', version: to, isRehearsed: true };
  const { plugin, writes, earlier, isForced } = facts;
  if (writes > 0 && !isForced) throw fail('ROLLBACK_NEEDS_FORCE', { plugin, from, to, writes });
  if (earlier === 'gone') throw fail('STATE_GONE', { plugin, version: to });
  return { type: 'restore', state: earlier, lost: writes };
}

function versionOf(traits: StateTraits): number {
  return typeof traits === 'string' ? 1 : traits.version;
}

function returnsTo(traits: StateTraits): number {
  return typeof traits === 'string' ? 1 : traits.returnsTo;
}
