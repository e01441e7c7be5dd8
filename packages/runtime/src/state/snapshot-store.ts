import type { SealedState } from './sealed-state.ts';

/** Why a snapshot was taken: before a change, or now and then in case the process crashes. */
export type SnapshotSeries = 'change' | 'interval';

/** Whether somebody may still want to go back to a snapshot. */
export type IsReferenced = (plugin: string, id: string) => boolean;

/** Where a snapshot is found again, and what it holds. */
export interface SnapshotReference {
  /** Grows from snapshot to snapshot, also over a restart. */
  readonly id: string;
  readonly schemaVersion: number;
  readonly sizeBytes: number;
  readonly takenAt: number;
}

/** A snapshot on its way to where it is kept. */
export interface Keeping {
  readonly reference: SnapshotReference;
  /** Resolves once it would survive what the store promises to survive; rejects with STATE_NOT_SAVED. */
  readonly written: Promise<void>;
}

/** Keeps the states of plugins. `put` never waits: a swap hands its state over and goes on. */
export interface SnapshotStore extends AsyncDisposable {
  put(sealed: SealedState, series: SnapshotSeries): Keeping;
  /**
   * The newest state of a plugin that is still what was put; a damaged one is skipped, told and put aside.
   *
   * @throws STATE_UNREADABLE
   */
  latest(plugin: string): Promise<SealedState | undefined>;
  /**
   * One state by its reference; undefined once it was pruned or is damaged.
   *
   * @throws STATE_UNREADABLE
   */
  find(plugin: string, id: string): Promise<SealedState | undefined>;
  /** The plugin is gone: what costs memory is let go, but for its newest state. */
  release(plugin: string): void;
  /** Waits for the last write. */
  close(): Promise<void>;
}

/** What every store knows of a snapshot it holds. */
export interface Entry {
  readonly id: string;
  readonly series: SnapshotSeries;
}

/**
 * Which of `entries`, oldest first, nobody needs any more (pure): a plugin's history keeps those it refers to, and says
 * how many; of the others the newest `spare` are kept.
 */
export function overdue<Held extends Entry>(
  entries: readonly Held[],
  { spare, isReferenced }: { readonly spare: number; readonly isReferenced: (id: string) => boolean },
): readonly Held[] {
  const others = entries.filter(({ id }) => !isReferenced(id));
  return others.slice(0, Math.max(0, others.length - spare));
}

/** The id of the snapshot with this number: sorted as text they are in order. */
export function snapshotId(number: number, series: SnapshotSeries): string {
  return `${String(number).padStart(12, '0')}-${series}`;
}

/** What is known of a sealed state once it has an id. */
export function referenceTo(id: string, { schemaVersion, bytes, takenAt }: SealedState): SnapshotReference {
  return { id, schemaVersion, sizeBytes: bytes.byteLength, takenAt };
}
