import type { Artifact } from '../loading/artifact.ts';
import type { PluginSource } from '../loading/plugin-source.ts';
import type { SnapshotStatus } from '../status.ts';

/** What a plugin was before a change: enough to bring it back. */
export interface Snapshot {
  readonly generation: number;
  readonly artifact: Artifact;
  readonly source: PluginSource;
  readonly config: Readonly<Record<string, unknown>>;
  readonly takenAt: number;
  readonly actor: string;
  readonly reason: string;
}

/** The snapshots of one plugin, newest last, pruned oldest first. */
export class History {
  readonly #limit: number;
  #snapshots: readonly Snapshot[] = [];

  /** @param limit how many are kept; at least 1 */
  constructor(limit: number) {
    this.#limit = Math.max(1, limit);
  }

  get latest(): Snapshot | undefined {
    return this.#snapshots.at(-1);
  }

  push(snapshot: Snapshot): void {
    this.#snapshots = [...this.#snapshots, snapshot].slice(-this.#limit);
  }

  /** Takes the newest snapshot off: a rollback uses it up. */
  pop(): void {
    this.#snapshots = this.#snapshots.slice(0, -1);
  }

  status(): readonly SnapshotStatus[] {
    return this.#snapshots.map(({ generation, artifact, takenAt, reason }) => ({
      generation,
      version: artifact.manifest.version,
      digest: artifact.digest,
      takenAt,
      reason,
    }));
  }
}
