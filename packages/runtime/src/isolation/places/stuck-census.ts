import type { PlaceOwner } from './place.ts';
import type { StuckThread } from '../../status.ts';

/** Which threads or processes cannot be ended; the only place that says so. */
export class StuckCensus {
  /** How many ever got stuck, those included that ended later. */
  stuckTotal = 0;
  readonly #stuck = new Map<object, StuckThread>();
  readonly #onStuck: (thread: StuckThread) => void;

  constructor(onStuck: (thread: StuckThread) => void) {
    this.#onStuck = onStuck;
  }

  get stuck(): readonly StuckThread[] {
    return [...this.#stuck.values()];
  }

  noteStuck(thread: object, owner: PlaceOwner | undefined, reason: string): void {
    const { plugin, generation } = owner ?? { plugin: '', generation: 0 };
    const note = { plugin, generation, since: Date.now(), reason };
    this.stuckTotal++;
    this.#stuck.set(thread, note);
    this.#onStuck(note);
  }

  /** It came to its end after all, as one does whose blocked read got its bytes. */
  noteEnded(thread: object): void {
    this.#stuck.delete(thread);
  }
}
