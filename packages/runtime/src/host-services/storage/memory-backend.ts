import { fail } from '../../errors.ts';
import { entryBytes, isOverQuota } from './storage-backend.ts';
import type { CommitOutcome, Namespace, ReadCheck, StorageBackend, StoredEntry, Write } from './storage-backend.ts';

const absent: StoredEntry = { value: undefined, version: 0 };

/** Keeps values in memory: for tests, and for hosts that want no file. */
export class MemoryBackend implements StorageBackend {
  readonly #namespaces = new Map<string, Map<string, StoredEntry>>();
  readonly #sizes = new WeakMap<Map<string, StoredEntry>, number>();
  readonly #maxNamespaceBytes: number;
  #lastCommit = 0;
  #isClosed = false;

  /** @param options `maxNamespaceBytes`: what one namespace may hold; default: no limit */
  constructor({ maxNamespaceBytes = Infinity }: { readonly maxNamespaceBytes?: number } = {}) {
    this.#maxNamespaceBytes = maxNamespaceBytes;
  }

  async read(namespace: Namespace, key: string): Promise<StoredEntry> {
    const { value, version } = this.#keysOf(namespace).get(key) ?? absent;
    return { value: value?.slice(), version };
  }

  async list(namespace: Namespace, prefix: string, limit: number): Promise<readonly string[]> {
    const keys = [...this.#keysOf(namespace).keys()].filter((key) => key.startsWith(prefix));
    return keys.toSorted(byCodePoint).slice(0, limit);
  }

  async commit(namespace: Namespace, reads: readonly ReadCheck[], writes: readonly Write[]): Promise<CommitOutcome> {
    const keys = this.#keysOf(namespace);
    if (reads.some(([key, version]) => (keys.get(key) ?? absent).version !== version)) return 'conflict';
    const before = this.#sizes.get(keys) ?? 0;
    const after = writes.reduce(
      (total, [key, value]) => total + entryBytes(key, value) - entryBytes(key, keys.get(key)?.value),
      before,
    );
    if (isOverQuota(before, after, this.#maxNamespaceBytes)) return 'full';
    this.#sizes.set(keys, after);
    const version = ++this.#lastCommit;
    for (const [key, value] of writes) {
      if (value === undefined) keys.delete(key);
      else keys.set(key, { value: value.slice(), version });
    }
    return 'committed';
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#namespaces.clear();
  }

  #keysOf({ plugin, tenant }: Namespace): Map<string, StoredEntry> {
    if (this.#isClosed) throw fail('STORAGE_UNAVAILABLE', { reason: 'it is closed' });
    const id = JSON.stringify([plugin, tenant]);
    const known = this.#namespaces.get(id);
    if (known !== undefined) return known;
    const keys = new Map<string, StoredEntry>();
    this.#namespaces.set(id, keys);
    return keys;
  }
}

/** UTF-8 sorts by code point, which JavaScript's own comparison of strings does not. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
