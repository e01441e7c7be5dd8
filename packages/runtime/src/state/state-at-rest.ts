import type { Logger } from '@hotswap/sdk';
import type { HideSecrets } from '../plugin/history.ts';
import type { PluginHistory } from '../status.ts';
import { DiskSnapshotStore } from './disk-snapshot-store.ts';
import { Histories } from './histories.ts';
import { MemorySnapshotStore } from './memory-snapshot-store.ts';
import { type SnapshotTimer, type SnapshotTimerOptions, startSnapshotTimer } from './snapshot-timer.ts';
import type { IsReferenced } from './snapshot-store.ts';
import { StateKeeper } from './state-keeper.ts';

export interface StateAtRestParts extends Omit<SnapshotTimerOptions, 'keeper'> {
  readonly maxSnapshots: number;
  readonly hideSecrets: HideSecrets;
  readonly log: Logger;
}

/** What a runtime keeps of its plugins while they do not run: their states and their histories. */
export class StateAtRest {
  readonly keeper: StateKeeper;
  readonly histories: Histories;
  readonly #parts: StateAtRestParts;
  readonly #isReferenced: IsReferenced = (plugin, id) =>
    this.histories.of(plugin).snapshots.some(({ state }) => state?.reference.id === id);
  #timer: SnapshotTimer | undefined;

  constructor(parts: StateAtRestParts) {
    this.#parts = parts;
    this.keeper = new StateKeeper(new MemorySnapshotStore(this.#isReferenced), parts.log);
    this.histories = new Histories({ ...parts, keeper: this.keeper });
  }

  /**
   * Takes up what earlier processes left in a data folder, and keeps everything there from now on. Without one it is in
   * memory and ends with the process.
   *
   * @throws STATE_UNREADABLE
   */
  async open(data: string | undefined): Promise<void> {
    if (data === undefined) return;
    const { log } = this.#parts;
    this.keeper.attach(await DiskSnapshotStore.open(data, { isReferenced: this.#isReferenced, log }));
    await this.histories.attach(data);
  }

  /** What became of a plugin, also of one that is unloaded; undefined for a name nobody knows. */
  historyOf(plugin: string): PluginHistory | undefined {
    if (!this.histories.has(plugin)) return undefined;
    const history = this.histories.of(plugin);
    return { plugin, changes: history.changes, snapshots: history.status() };
  }

  /** From now on states are kept at their interval too. */
  start(): void {
    this.#timer = startSnapshotTimer({ ...this.#parts, keeper: this.keeper });
  }

  /** No more states are taken at intervals; those of the end still are. */
  stop(): void {
    this.#timer?.close();
  }

  /** A plugin was unloaded: what of it costs memory is let go. */
  release(plugin: string): void {
    this.histories.release(plugin);
    this.keeper.release(plugin);
  }

  /** Waits for what is still being written. */
  async close(): Promise<void> {
    this.stop();
    await this.histories.close();
    await this.keeper.close();
  }
}
