import { messageOf } from '@hotswap/protocol';
import type { Storage, StoredValue, Transaction } from '@hotswap/sdk';
import { fail } from '../../errors.ts';
import type { NamespaceStore, StoredEntry } from './storage-backend.ts';
import { TransactionTurns } from './transaction-turns.ts';
import { createSystemClock, type HostClock } from '../system-clock.ts';
import { deserialize, serialize } from '../../value-encoding.ts';

/** Bytes of the longest key and of the largest encoded value. */
const maxKeyBytes = 512;
const maxValueBytes = 1_048_576;
const maxAttempts = 5;

/** Thrown inside an attempt whose reads no longer belong to one moment; never leaves this file. */
class StaleView extends Error {}

/**
 * The plugin's store over its namespace. It runs on the plugin's side of the boundary: values are encoded and decoded
 * there, and a transaction is one commit message however many keys it writes.
 */
export function createPluginStorage(
  store: NamespaceStore,
  clock: Pick<HostClock, 'after'> = createSystemClock(),
): Storage {
  const turns = new TransactionTurns(clock);
  return {
    get: async <T>(key: string) => decode<T>(await store.read(checkedKey(key))),
    set: async (key, value) => void (await store.commit([], [[checkedKey(key), encode(key, value)]])),
    delete: async (key) => void (await store.commit([], [[checkedKey(key), undefined]])),
    list: async (prefix = '', options = {}) => {
      if (prefix !== '') checkedKey(prefix);
      return store.list(prefix, checkedLimit(options.limit ?? 1_000));
    },
    transaction: (work) => runTransaction(store, turns, work),
  };
}

async function runTransaction<T>(
  store: NamespaceStore,
  turns: TransactionTurns,
  work: (transaction: Transaction) => T | Promise<T>,
): Promise<T> {
  let endTurn = turns.areTaken ? await turns.take() : undefined;
  try {
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      const buffer = new TransactionBuffer(store);
      try {
        const result = await work(buffer);
        if (await buffer.commit()) return result;
      } catch (error) {
        if (!(error instanceof StaleView)) throw error;
      }
      endTurn ??= await turns.take();
    }
    throw fail('STORAGE_CONFLICT', { attempts: maxAttempts });
  } finally {
    endTurn?.();
  }
}

/** One attempt: what it read, with versions, and what it wants to write. */
class TransactionBuffer implements Transaction {
  readonly #store: NamespaceStore;
  readonly #reads = new Map<string, StoredEntry>();
  readonly #writes = new Map<string, Uint8Array | undefined>();

  constructor(store: NamespaceStore) {
    this.#store = store;
  }

  async get<T>(key: string): Promise<T | undefined> {
    if (this.#writes.has(key)) return decode<T>({ value: this.#writes.get(key), version: 0 });
    const known = this.#reads.get(key);
    if (known !== undefined) return decode<T>(known);
    const entry = await this.#store.read(checkedKey(key));
    this.#reads.set(key, entry);
    // From the second key on, what was read before may have changed meanwhile: work must not see a mixture.
    if (this.#reads.size > 1 && (await this.#store.commit(this.#checks(), [])) === 'conflict') throw new StaleView();
    return decode<T>(entry);
  }

  set(key: string, value: StoredValue): void {
    this.#writes.set(checkedKey(key), encode(key, value));
  }

  delete(key: string): void {
    this.#writes.set(checkedKey(key), undefined);
  }

  /** Whether the writes took effect. Reads alone need no commit: they were checked as they were made. */
  async commit(): Promise<boolean> {
    if (this.#writes.size === 0) return true;
    return (await this.#store.commit(this.#checks(), [...this.#writes])) === 'committed';
  }

  #checks(): (readonly [string, number])[] {
    return Array.from(this.#reads, ([key, { version }]) => [key, version] as const);
  }
}

function checkedKey(key: string): string {
  const problem = keyProblem(key);
  if (problem !== undefined) throw fail('STORAGE_KEY_INVALID', { key: String(key).slice(0, 60), problem });
  return key;
}

function keyProblem(key: unknown): string | undefined {
  if (typeof key !== 'string') return 'it is not a string';
  if (key === '') return 'it is empty';
  if (!key.isWellFormed()) return 'it holds half a surrogate pair';
  return Buffer.byteLength(key) > maxKeyBytes ? `it is longer than ${maxKeyBytes} bytes` : undefined;
}

function checkedLimit(limit: number): number {
  if (Number.isSafeInteger(limit) && limit > 0) return limit;
  throw fail('STORAGE_LIMIT_INVALID', { limit });
}

function encode(key: string, value: StoredValue): Uint8Array {
  const bytes = serialized(key, value);
  if (bytes.byteLength <= maxValueBytes) return bytes;
  throw fail('STORAGE_VALUE_TOO_LARGE', { key, bytes: bytes.byteLength, limit: maxValueBytes });
}

function serialized(key: string, value: StoredValue): Uint8Array {
  try {
    return serialize(value);
  } catch (error) {
    throw fail('VALUE_NOT_CLONEABLE', { path: key, reason: messageOf(error) }, { cause: error });
  }
}

/** The bytes are the plugin's own; only its side of the boundary decodes them. */
function decode<T>({ value }: StoredEntry): T | undefined {
  return value === undefined ? undefined : (deserialize(value) as T);
}
