import type { SealedState } from './sealed-state.ts';
import {
  type Entry,
  type IsReferenced,
  type Keeping,
  overdue,
  referenceTo,
  snapshotId,
  type SnapshotSeries,
  type SnapshotStore,
} from './snapshot-store.ts';

interface Held extends Entry {
  readonly sealed: SealedState;
}

/** For a runtime without a data folder: states survive a swap and the crash of an isolate, and end with the process. */
export class MemorySnapshotStore implements SnapshotStore {
  readonly #isReferenced: IsReferenced;
  readonly #held = new Map<string, readonly Held[]>();
  #lastNumber = 0;

  constructor(isReferenced: IsReferenced) {
    this.#isReferenced = isReferenced;
  }

  put(sealed: SealedState, series: SnapshotSeries): Keeping {
    const id = snapshotId(++this.#lastNumber, series);
    const held = [...(this.#held.get(sealed.plugin) ?? []), { id, series, sealed }];
    const isReferenced = (other: string): boolean => this.#isReferenced(sealed.plugin, other);
    const gone = new Set(overdue(held, { spare: 1, isReferenced }));
    this.#held.set(
      sealed.plugin,
      held.filter((entry) => !gone.has(entry)),
    );
    return { reference: referenceTo(id, sealed), written: Promise.resolve() };
  }

  async latest(plugin: string): Promise<SealedState | undefined> {
    return this.#held.get(plugin)?.at(-1)?.sealed;
  }

  async find(plugin: string, id: string): Promise<SealedState | undefined> {
    return this.#held.get(plugin)?.find((entry) => entry.id === id)?.sealed;
  }

  release(plugin: string): void {
    const newest = this.#held.get(plugin)?.at(-1);
    if (newest) this.#held.set(plugin, [newest]);
  }

  async close(): Promise<void> {
    this.#held.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
