import type { PublicState } from '../status.ts';

/** What the public state of a plugin is computed from. */
export interface SlotFacts {
  readonly isEnabled: boolean;
  /** A generation is active. */
  readonly isServing: boolean;
  /** What is being done to the plugin right now. */
  readonly operation: 'start' | 'replace' | 'remove' | undefined;
  /** It is changing hands: the old generation lets go, and arrivals wait for the new one. */
  readonly isParked: boolean;
  /** It waits for another plugin to become active. */
  readonly isWaiting: boolean;
}

/** Which public state follows from the facts; nothing stores it. */
export function publicStateOf(facts: SlotFacts): PublicState {
  if (facts.operation === 'remove') return 'unloading';
  if (facts.isParked) return 'reloading';
  if (facts.isServing) return facts.operation === undefined ? 'active' : 'reloading';
  if (facts.operation !== undefined || facts.isWaiting) return 'loading';
  return facts.isEnabled ? 'failed' : 'disabled';
}

/** The public moves that exist; everything else is a defect. */
export const publicMoves: Readonly<Record<PublicState, readonly PublicState[]>> = {
  loading: ['active', 'failed', 'unloading', 'disabled'],
  active: ['reloading', 'unloading', 'failed', 'disabled'],
  reloading: ['active', 'failed'],
  unloading: ['loading', 'failed', 'disabled'],
  failed: ['loading', 'unloading', 'disabled'],
  disabled: ['loading', 'unloading'],
};
