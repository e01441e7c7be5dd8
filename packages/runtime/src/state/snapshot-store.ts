import type { SealedState } from './sealed-state.ts';

/**
 * Why a snapshot was taken. Those before a change are kept for the way back and pruned by number; of those taken now
 * and then, for a crash, only the newest count.
 */
export type SnapshotSeries = 'change' | 'interval';

/** How many snapshots of one plugin are kept. */
export type SnapshotLimits = Readonly<Record<SnapshotSeries, number>>;

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

/** How many of each are kept if `maxSnapshots` is the operator's word. */
export function limitsOf(maxSnapshots: number): SnapshotLimits {
  // Two of the interval: should the newest turn out damaged, the one before it is half a minute older.
  return { change: Math.max(1, maxSnapshots), interval: Math.min(2, Math.max(1, maxSnapshots)) };
}

/** Which of `entries`, oldest first, are over their limit (pure). */
export function overdue<Held extends Entry>(entries: readonly Held[], limits: SnapshotLimits): readonly Held[] {
  const ofSeries = (series: SnapshotSeries): readonly Held[] => {
    const held = entries.filter((entry) => entry.series === series);
    return held.slice(0, Math.max(0, held.length - limits[series]));
  };
  return [...ofSeries('change'), ...ofSeries('interval')];
}

/** The id of the snapshot with this number: sorted as text they are in order. */
export function snapshotId(number: number, series: SnapshotSeries): string {
  return `${String(number).padStart(12, '0')}-${series}`;
}

/** What is known of a sealed state once it has an id. */
export function referenceTo(id: string, { schemaVersion, bytes, takenAt }: SealedState): SnapshotReference {
  return { id, schemaVersion, sizeBytes: bytes.byteLength, takenAt };
}
