import type { IsolationLevel } from '@hotswap/protocol';
import type { Artifact } from '../loading/artifact.ts';
import type { PluginSource } from '../loading/plugin-source.ts';
import type { SealedState } from '../state/sealed-state.ts';
import type { SnapshotReference } from '../state/snapshot-store.ts';
import type { ChangeRecord, Operation, SnapshotStatus } from '../status.ts';

/** The state a plugin had, wherever it is kept. */
export interface KeptState {
  readonly reference: SnapshotReference;
  /** Undefined once it was pruned, or if it is damaged. Rejects with STATE_UNREADABLE. */
  read(): Promise<SealedState | undefined>;
}

/** What a plugin was before a change: enough to bring it back. */
export interface Snapshot {
  readonly generation: number;
  readonly version: string;
  readonly digest: string;
  /** Undefined after a restart or an unload: then it is loaded from `source` again, and must have this digest. */
  readonly artifact: Artifact | undefined;
  readonly source: PluginSource;
  /** As the operator gave it: secrets by their names. Without an artifact, one that stood there itself is a mask. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The operator's level at that time. */
  readonly isolation: IsolationLevel | undefined;
  readonly handlers: readonly string[];
  readonly tasks: readonly string[];
  /** Plugins it needed, with the range of versions. */
  readonly dependencies: Readonly<Record<string, string>>;
  /** The state it had, where it exports one and has let go. */
  readonly state: KeptState | undefined;
  readonly takenAt: number;
  /** The change that came after it. */
  readonly operation: Operation;
  readonly operationId: string;
  readonly actor: string;
  readonly reason: string;
}

/** The config of a snapshot without the secrets that stand in it themselves; names of secrets stay. */
export type HideSecrets = (snapshot: Snapshot) => Snapshot['config'];

/** What there was of a plugin before this process. */
export interface EarlierHistory {
  readonly snapshots: readonly Snapshot[];
  readonly changes: readonly ChangeRecord[];
}

/** How many changes of one plugin are remembered. */
const keptChanges = 100;

/** What became of one plugin: its snapshots and its changes, newest last, pruned oldest first. */
export class History {
  readonly #limit: number;
  readonly #onChange: (history: History) => void;
  #snapshots: readonly Snapshot[];
  #changes: readonly ChangeRecord[];

  /**
   * @param limit how many snapshots are kept; at least 1
   * @param onChange told after every change of it, to write it down
   */
  constructor(limit: number, earlier?: EarlierHistory, onChange: (history: History) => void = () => {}) {
    this.#limit = Math.max(1, limit);
    this.#snapshots = earlier?.snapshots.slice(-this.#limit) ?? [];
    this.#changes = earlier?.changes.slice(-keptChanges) ?? [];
    this.#onChange = onChange;
  }

  get latest(): Snapshot | undefined {
    return this.#snapshots.at(-1);
  }

  get snapshots(): readonly Snapshot[] {
    return this.#snapshots;
  }

  /** Oldest first. */
  get changes(): readonly ChangeRecord[] {
    return this.#changes;
  }

  /** The highest number that a generation had: the next one goes on from there, also after a restart. */
  get lastGeneration(): number {
    const ofChanges = this.#changes.flatMap(({ from, to }) => [from ?? 0, to ?? 0]);
    return Math.max(0, ...ofChanges, ...this.#snapshots.map(({ generation }) => generation));
  }

  push(snapshot: Snapshot): void {
    this.#snapshots = [...this.#snapshots, snapshot].slice(-this.#limit);
    this.#onChange(this);
  }

  /** Takes the newest snapshot off: a rollback uses it up. */
  pop(): void {
    this.#snapshots = this.#snapshots.slice(0, -1);
    this.#onChange(this);
  }

  /** A generation gives way: the configs it had before its last one are nothing to go back to any more. */
  forgetConfigsOf(generation: number): void {
    const last = this.#snapshots.findLastIndex((snapshot) => snapshot.generation !== generation);
    if (last + 1 === this.#snapshots.length) return;
    this.#snapshots = this.#snapshots.slice(0, last + 1);
    this.#onChange(this);
  }

  /** Notes who changed what, and what it came to. */
  record(change: ChangeRecord): void {
    this.#changes = [...this.#changes, change].slice(-keptChanges);
    this.#onChange(this);
  }

  /**
   * The plugin is unloaded: code is let go, and loaded again from its source should somebody go back.
   *
   * @param hideSecrets what hides the secrets of a config needs the code: it is done while that is still there
   * @param options `withStates`: whether its states are still kept
   */
  release(hideSecrets: HideSecrets, { withStates }: { readonly withStates: boolean }): void {
    this.#snapshots = this.#snapshots
      .filter(({ source }) => typeof source === 'string' || source instanceof URL)
      .map((snapshot) => ({
        ...snapshot,
        config: hideSecrets(snapshot),
        artifact: undefined,
        state: withStates ? snapshot.state : undefined,
      }));
  }

  status(): readonly SnapshotStatus[] {
    return this.#snapshots.map(
      ({ generation, version, digest, takenAt, operation, operationId, actor, reason, state }) => ({
        generation,
        version,
        digest,
        takenAt,
        operation,
        operationId,
        actor,
        reason,
        hasState: state !== undefined,
      }),
    );
  }
}
