import { isCodedError, messageOf, type ExportedState } from '@hotswap/protocol';
import type { Logger } from '@hotswap/sdk';
import type { Generation } from '../plugin/generation.ts';
import type { KeptState } from '../plugin/history.ts';
import type { SavedStateStatus } from '../status.ts';
import { seal, type SealedState, unseal } from './sealed-state.ts';
import type { SnapshotReference, SnapshotSeries, SnapshotStore } from './snapshot-store.ts';

/** What is known of the last state of a plugin that was kept, or should have been. */
interface LastSaving {
  readonly reference: SnapshotReference;
  savedAt: number | undefined;
  problem: SavedStateStatus['problem'];
}

/** Keeps the states of plugins for a restart, a crash and the way back. Nothing it does holds a change up or fails it. */
export class StateKeeper {
  readonly #log: Logger;
  #store: SnapshotStore;
  readonly #savings = new Map<string, LastSaving>();

  constructor(store: SnapshotStore, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** From now on states are kept there: on disk, once there is a data folder. */
  attach(store: SnapshotStore): void {
    this.#store = store;
  }

  /** Keeps a sealed state. Returns at once; what becomes of it is in log and status. */
  keep(sealed: SealedState, series: SnapshotSeries = 'change'): KeptState {
    const { reference, written } = this.#store.put(sealed, series);
    const { plugin } = sealed;
    const earlier = this.#savings.get(plugin);
    const saving: LastSaving = { reference, savedAt: earlier?.savedAt, problem: earlier?.problem };
    this.#savings.set(plugin, saving);
    written.then(
      () => {
        saving.savedAt = sealed.takenAt;
        saving.problem = undefined;
      },
      (error: unknown) => {
        const code = isCodedError(error) ? error.code : 'STATE_NOT_SAVED';
        saving.problem = { code, message: messageOf(error) };
        this.#log.error({ plugin_name: plugin, code }, saving.problem.message);
      },
    );
    return this.at(plugin, reference);
  }

  /** A state that was kept before. */
  at(plugin: string, reference: SnapshotReference): KeptState {
    return { reference, read: () => this.#store.find(plugin, reference.id) };
  }

  /**
   * Asks a generation for its state and keeps it among those of the interval. A plugin that cannot give it goes on; its
   * last state stays.
   *
   * @param isWanted asked once the state is there: one that comes late must not outrank what was handed over meanwhile
   * @returns undefined when nothing was kept
   */
  async save(generation: Generation, isWanted: () => boolean): Promise<KeptState | undefined> {
    const { plugin, exportsState } = generation;
    if (!exportsState) return undefined;
    try {
      const exported = await generation.exportState();
      return exported && isWanted() ? this.keep(seal(plugin, exported), 'interval') : undefined;
    } catch (error) {
      this.#log.error(
        { plugin_name: plugin, generation: generation.number, error: messageOf(error) },
        'state was not saved',
      );
      return undefined;
    }
  }

  /**
   * What the first generation after a start, a crash or a load begins with.
   *
   * @throws STATE_UNREADABLE
   */
  async lastState(plugin: string): Promise<ExportedState | undefined> {
    const sealed = await this.#store.latest(plugin);
    return sealed && unseal(sealed, 'among the states that were kept');
  }

  /** For status: undefined while nothing of a plugin was kept by this process. */
  statusOf(plugin: string): SavedStateStatus | undefined {
    const saving = this.#savings.get(plugin);
    if (saving === undefined) return undefined;
    const { reference, savedAt, problem } = saving;
    const { schemaVersion, sizeBytes } = reference;
    return { savedAt, schemaVersion, sizeBytes, problem };
  }

  /** The plugin is unloaded: its last state stays, for a later load. */
  release(plugin: string): void {
    this.#savings.delete(plugin);
    this.#store.release(plugin);
  }

  /** Waits for what is still being written. */
  close(): Promise<void> {
    return this.#store.close();
  }
}
