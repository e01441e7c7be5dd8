import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '@hotswap/protocol';
import type { Logger } from '@hotswap/sdk';
import { fail } from '../errors.ts';
import type { SealedState } from './sealed-state.ts';
import { pluginOfFolder, stateFolder, stateFolderOf } from './state-folder.ts';
import { readSnapshot, syncFolder, writeSnapshot } from './snapshot-file.ts';
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

/** A write that has not begun. */
interface Waiting extends Entry {
  readonly sealed: SealedState;
  readonly settle: (error?: Error) => void;
}

/** What is known of one plugin's folder. */
interface Shelf {
  readonly folder: string;
  /** On disk and whole as far as is known, oldest first. */
  entries: readonly Entry[];
  waiting: readonly Waiting[];
  /** Not on disk: being written, or the newest one that could not be. */
  inMemory: readonly (Entry & { readonly sealed: SealedState })[];
  isWriting: boolean;
  hasFolder: boolean;
}

/** A disk too slow for its swaps must not fill the memory: past this many the oldest that waits is given up. */
const longestQueue = 3;

/** Two that nobody refers to: should the newest turn out damaged, there is the one before it. */
const spare = 2;

const fileName = /^(?<id>\d{12}-(?<series>change|interval))\.state$/;

/** Keeps states below a data folder: each in a file of its own, written behind the scenes, in the order of `put`. */
export class DiskSnapshotStore implements SnapshotStore {
  readonly #data: string;
  readonly #log: Logger;
  readonly #isReferenced: IsReferenced;
  readonly #shelves = new Map<string, Shelf>();
  readonly #writing = new Set<Promise<void>>();
  #lastNumber = 0;

  private constructor(data: string, isReferenced: IsReferenced, log: Logger) {
    this.#data = data;
    this.#isReferenced = isReferenced;
    this.#log = log;
  }

  /**
   * Opens the states below a data folder. What a crash left half written is removed.
   *
   * @throws STATE_UNREADABLE
   */
  static async open(data: string, options: { readonly isReferenced: IsReferenced; readonly log: Logger }) {
    const store = new DiskSnapshotStore(data, options.isReferenced, options.log);
    await store.#look();
    return store;
  }

  put(sealed: SealedState, series: SnapshotSeries): Keeping {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Whoever does not wait for a write is told by log and status; nobody need handle it twice.
    promise.catch(() => undefined);
    const shelf = this.#shelf(sealed.plugin);
    const id = snapshotId(++this.#lastNumber, series);
    const settle = (error?: Error): void => (error === undefined ? resolve() : reject(error));
    shelf.waiting = [...shelf.waiting, { id, series, sealed, settle }];
    if (shelf.waiting.length > longestQueue) {
      const [oldest, ...rest] = shelf.waiting;
      shelf.waiting = rest;
      oldest?.settle(this.#notSaved(sealed.plugin, shelf, 'the disk is too slow for so many changes'));
    }
    if (!shelf.isWriting) this.#write(sealed.plugin, shelf);
    return { reference: referenceTo(id, sealed), written: promise };
  }

  async latest(plugin: string): Promise<SealedState | undefined> {
    const shelf = this.#shelf(plugin);
    const inMemory = [...shelf.inMemory, ...shelf.waiting].at(-1);
    if (inMemory && inMemory.id > (shelf.entries.at(-1)?.id ?? '')) return inMemory.sealed;
    for (const entry of shelf.entries.toReversed()) {
      const sealed = await this.#read(plugin, shelf, entry);
      if (sealed) return sealed;
    }
    return undefined;
  }

  async find(plugin: string, id: string): Promise<SealedState | undefined> {
    const shelf = this.#shelf(plugin);
    const inMemory = [...shelf.inMemory, ...shelf.waiting].find((entry) => entry.id === id);
    if (inMemory) return inMemory.sealed;
    const entry = shelf.entries.find((candidate) => candidate.id === id);
    return entry && this.#read(plugin, shelf, entry);
  }

  release(): void {} // what is on disk costs no memory

  async close(): Promise<void> {
    while (this.#writing.size > 0) await Promise.all(this.#writing);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #look(): Promise<void> {
    const root = stateFolder(this.#data);
    for (const name of await namesIn(root, { plugin: 'any', absence: 'ENOENT' })) {
      const plugin = pluginOfFolder(name);
      const folder = join(root, name);
      const entries: Entry[] = [];
      for (const file of (await namesIn(folder, { plugin, absence: 'ENOTDIR' })).toSorted()) {
        // What cannot be removed is written over, or stays as it is: it is never read.
        if (file.endsWith('.tmp')) await rm(join(folder, file), { force: true }).catch(() => undefined);
        const { id, series } = fileName.exec(file)?.groups ?? {};
        if (id !== undefined) entries.push({ id, series: series === 'change' ? series : 'interval' });
      }
      const last = Number(entries.at(-1)?.id.slice(0, 12) ?? 0);
      this.#lastNumber = Math.max(this.#lastNumber, last);
      this.#shelves.set(plugin, { ...emptyShelf(folder), entries, hasFolder: true });
    }
  }

  #shelf(plugin: string): Shelf {
    const known = this.#shelves.get(plugin);
    if (known) return known;
    const shelf = emptyShelf(stateFolderOf(this.#data, plugin));
    this.#shelves.set(plugin, shelf);
    return shelf;
  }

  /** Writes what waits, one after the other, until nothing does. */
  #write(plugin: string, shelf: Shelf): void {
    const work = async (): Promise<void> => {
      for (let next = shelf.waiting[0]; next !== undefined; next = shelf.waiting[0]) {
        shelf.waiting = shelf.waiting.slice(1);
        await this.#writeOne(plugin, shelf, next);
      }
      // In the turn in which nothing waited: a put that comes later begins anew.
      shelf.isWriting = false;
    };
    shelf.isWriting = true;
    const writing = work().finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  /** Never rejects: what went wrong is for whoever waits for this one. */
  async #writeOne(plugin: string, shelf: Shelf, { id, series, sealed, settle }: Waiting): Promise<void> {
    shelf.inMemory = [{ id, series, sealed }];
    try {
      if (!shelf.hasFolder) await this.#makeFolder(shelf);
      await writeSnapshot(fileOf(shelf, id), sealed);
    } catch (error) {
      // It stays in memory, so that within this process nothing is lost; a folder that went away is made anew.
      shelf.hasFolder = false;
      settle(this.#notSaved(plugin, shelf, messageOf(error), error));
      return;
    }
    shelf.inMemory = [];
    shelf.entries = [...shelf.entries, { id, series }];
    settle();
    const isReferenced = (other: string): boolean => this.#isReferenced(plugin, other);
    for (const entry of overdue(shelf.entries, { spare, isReferenced })) await this.#remove(shelf, entry);
  }

  async #makeFolder(shelf: Shelf): Promise<void> {
    const made = await mkdir(shelf.folder, { recursive: true, mode: 0o700 });
    // A new folder survives a power cut only if the one above it says so.
    if (made !== undefined)
      for (let at = shelf.folder; at !== dirname(made); at = dirname(at)) await syncFolder(dirname(at));
    shelf.hasFolder = true;
  }

  async #remove(shelf: Shelf, entry: Entry): Promise<void> {
    shelf.entries = shelf.entries.filter((candidate) => candidate !== entry);
    try {
      await rm(fileOf(shelf, entry.id), { force: true });
    } catch (error) {
      this.#log.warn(
        { file: fileOf(shelf, entry.id), error: messageOf(error) },
        'an old snapshot could not be removed',
      );
    }
  }

  async #read(plugin: string, shelf: Shelf, entry: Entry): Promise<SealedState | undefined> {
    const file = fileOf(shelf, entry.id);
    const reading = await readSnapshot(file, plugin).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return { problem: 'it is gone' };
      throw unreadable(plugin, file, error);
    });
    if (!('problem' in reading)) return reading;
    shelf.entries = shelf.entries.filter((candidate) => candidate !== entry);
    await this.#putAside(plugin, file, reading.problem);
    return undefined;
  }

  /** A damaged file is not ours to throw away: somebody may want to know why. */
  async #putAside(plugin: string, file: string, problem: string): Promise<void> {
    const { code, message } = fail('STATE_CORRUPT', { plugin, where: `${file}: ${problem}` });
    const aside = `${file}.corrupt`;
    const kept = await rename(file, aside).then(
      () => aside,
      (error: unknown) => `not kept: ${messageOf(error)}`,
    );
    this.#log.error({ plugin_name: plugin, code, file, aside: kept }, message);
  }

  #notSaved(plugin: string, { folder }: Shelf, reason: string, cause?: unknown): Error {
    return fail('STATE_NOT_SAVED', { plugin, folder, reason }, { cause });
  }
}

function emptyShelf(folder: string): Shelf {
  return { folder, entries: [], waiting: [], inMemory: [], isWriting: false, hasFolder: false };
}

/** The names in a folder, and none if it is absent in the way that is no surprise. */
async function namesIn(
  folder: string,
  { plugin, absence }: { readonly plugin: string; readonly absence: 'ENOENT' | 'ENOTDIR' },
): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === absence) return [];
    throw unreadable(plugin, folder, error);
  }
}

function fileOf({ folder }: Shelf, id: string): string {
  return join(folder, `${id}.state`);
}

function unreadable(plugin: string, file: string, error: unknown): Error {
  return fail('STATE_UNREADABLE', { plugin, file, reason: messageOf(error) }, { cause: error });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
