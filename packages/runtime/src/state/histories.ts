import { mkdir, readdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '@hotswap/protocol';
import type { Logger } from '@hotswap/sdk';
import { fail } from '../errors.ts';
import { type EarlierHistory, type HideSecrets, History } from '../plugin/history.ts';
import { historyText, readHistory } from './history-file.ts';
import { writeDurably } from './snapshot-file.ts';
import { pluginOfFolder, stateFolder, stateFolderOf } from './state-folder.ts';
import type { StateKeeper } from './state-keeper.ts';

export interface HistoriesParts {
  readonly maxSnapshots: number;
  readonly keeper: StateKeeper;
  readonly hideSecrets: HideSecrets;
  readonly log: Logger;
}

/** The history of every plugin there is or was, by name. With a data folder each is written down, behind the scenes. */
export class Histories {
  readonly #parts: HistoriesParts;
  readonly #histories = new Map<string, History>();
  readonly #earlier = new Map<string, EarlierHistory>();
  /** Plugins whose history is being written, and whether it has changed since that began. */
  readonly #writing = new Map<string, { isStale: boolean; readonly done: Promise<void> }>();
  #data: string | undefined;

  constructor(parts: HistoriesParts) {
    this.#parts = parts;
  }

  /** Reads what earlier processes wrote, and writes from now on. A damaged file is told and put aside. */
  async attach(data: string): Promise<void> {
    this.#data = data;
    // No folder yet, or none that can be read: what that means for states is told by the store of those.
    const names = await readdir(stateFolder(data)).catch((): readonly string[] => []);
    for (const name of names) {
      const plugin = pluginOfFolder(name);
      const file = join(stateFolder(data), name, fileName);
      try {
        const earlier = await readHistory(file, plugin, this.#parts.keeper);
        if (earlier) this.#earlier.set(plugin, earlier);
      } catch (error) {
        await this.#putAside(plugin, file, error);
      }
    }
  }

  /** The history of a plugin; the same one for a plugin that is unloaded and loaded again. */
  of(plugin: string): History {
    const known = this.#histories.get(plugin);
    if (known) return known;
    const history = new History(this.#parts.maxSnapshots, this.#earlier.get(plugin), () => this.#write(plugin));
    this.#earlier.delete(plugin);
    this.#histories.set(plugin, history);
    return history;
  }

  /** Whether anything is known of a plugin, be it loaded or not. */
  has(plugin: string): boolean {
    return this.#histories.has(plugin) || this.#earlier.has(plugin);
  }

  /** The plugin is unloaded: its history stays, without what costs memory. */
  release(plugin: string): void {
    // States in memory end with the plugin, but for the newest.
    this.of(plugin).release(this.#parts.hideSecrets, { withStates: this.#data !== undefined });
  }

  /** Waits for the last write. */
  async close(): Promise<void> {
    while (this.#writing.size > 0) await Promise.all([...this.#writing.values()].map(({ done }) => done));
  }

  #write(plugin: string): void {
    const data = this.#data;
    if (data === undefined) return;
    const under = this.#writing.get(plugin);
    if (under) {
      under.isStale = true;
      return;
    }
    const done = this.#writeOnce(plugin, join(stateFolderOf(data, plugin), fileName)).then(() => {
      const { isStale = false } = this.#writing.get(plugin) ?? {};
      this.#writing.delete(plugin);
      if (isStale) this.#write(plugin);
    });
    this.#writing.set(plugin, { isStale: false, done });
  }

  /** Never rejects: a change is not undone because its history could not be written. */
  async #writeOnce(plugin: string, file: string): Promise<void> {
    try {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await writeDurably(file, [historyText(this.of(plugin), this.#parts.hideSecrets)]);
    } catch (error) {
      const { code, message } = fail('HISTORY_NOT_SAVED', { plugin, file, reason: messageOf(error) });
      this.#parts.log.error({ plugin_name: plugin, code }, message);
    }
  }

  async #putAside(plugin: string, file: string, error: unknown): Promise<void> {
    const aside = `${file}.corrupt`;
    const kept = await rename(file, aside).then(
      () => aside,
      (failure: unknown) => `not kept: ${messageOf(failure)}`,
    );
    this.#parts.log.error(
      { plugin_name: plugin, file, aside: kept, error: messageOf(error) },
      'the history of a plugin cannot be used; it begins anew',
    );
  }
}

const fileName = 'history.json';
