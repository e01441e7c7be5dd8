import { fail } from '../../errors.ts';

/** Whose keys: one plugin, for one tenant or for none. Made by the host, never taken from a guest's message. */
export interface Namespace {
  readonly plugin: string;
  readonly tenant?: string | undefined;
}

/** What is stored under a key. */
export interface StoredEntry {
  /** The guest's own bytes, which the host never decodes; `undefined` when the key is absent. */
  readonly value: Uint8Array | undefined;
  /** 0 when the key is absent; else a number that is never used twice for a key. */
  readonly version: number;
}

/** A key that a transaction has read, and the version it saw. */
export type ReadCheck = readonly [key: string, version: number];

/** A key and its new bytes; `undefined` deletes it. */
export type Write = readonly [key: string, value: Uint8Array | undefined];

/** `full`: the namespace would hold more than it may, and nothing was written. */
export type CommitOutcome = 'committed' | 'conflict' | 'full';

/** What one namespace holds: its keys as UTF-8, and its values. */
export function entryBytes(key: string, value: Uint8Array | undefined): number {
  return value === undefined ? 0 : Buffer.byteLength(key) + value.byteLength;
}

/** Whoever holds too much may still delete. Pure. */
export function isOverQuota(before: number, after: number, most: number): boolean {
  return after > most && after > before;
}

/** The keys of one namespace: all that one guest can reach. */
export interface NamespaceStore {
  read(key: string): Promise<StoredEntry>;
  /** Keys that begin with `prefix`, in code-point order, at most `limit`. */
  list(prefix: string, limit: number): Promise<readonly string[]>;
  /**
   * Applies every write at once if every read still has its version; nothing otherwise. With no writes it only
   * checks. A `committed` write survives the death of the process, as far as the backend is durable at all.
   */
  commit(reads: readonly ReadCheck[], writes: readonly Write[]): Promise<Exclude<CommitOutcome, 'full'>>;
}

/**
 * Where plugins' values are kept. Calls of one backend may overlap; each takes effect at one moment between call and
 * answer. `close` may be called twice; what is called after it fails.
 *
 * @throws STORAGE_UNAVAILABLE from every call when the store cannot be reached, is full or is closed
 */
export interface StorageBackend {
  read(namespace: Namespace, key: string): Promise<StoredEntry>;
  list(namespace: Namespace, prefix: string, limit: number): Promise<readonly string[]>;
  commit(namespace: Namespace, reads: readonly ReadCheck[], writes: readonly Write[]): Promise<CommitOutcome>;
  close(): Promise<void>;
}

/**
 * Narrows a backend to one namespace.
 *
 * @throws STORAGE_FULL from `commit`
 */
export function openNamespace(backend: StorageBackend, namespace: Namespace): NamespaceStore {
  return {
    read: (key) => backend.read(namespace, key),
    list: (prefix, limit) => backend.list(namespace, prefix, limit),
    async commit(reads, writes) {
      const outcome = await backend.commit(namespace, reads, writes);
      if (outcome === 'full') throw fail('STORAGE_FULL', { plugin: namespace.plugin });
      return outcome;
    },
  };
}
