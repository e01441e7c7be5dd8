import type { KeyFacts } from './key.ts';

/** One key as it is kept. */
export interface StoredKey {
  readonly facts: KeyFacts;
  /** Binary packets, every one verified. */
  readonly data: Uint8Array;
  /** Names this exact state of the key; see `digestOf`. */
  readonly digest: string;
  readonly changedAt: number;
}

/** How a key can be looked for. Ids are upper-case hex, texts lower case. */
export type KeySearch =
  /** Fingerprint, 64-bit or 32-bit id, of a key or one of its subkeys. */
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'digest'; readonly digest: string }
  | { readonly kind: 'email'; readonly email: string }
  /** The whole text of a user id. */
  | { readonly kind: 'user-id'; readonly text: string }
  /** Every word stands in some user id of the key. */
  | { readonly kind: 'words'; readonly words: readonly string[] };

/** What was stored in one hour. */
export interface HourlyChanges {
  /** Start of the hour, in milliseconds since the epoch. */
  readonly hourAt: number;
  readonly added: number;
  readonly changed: number;
}

export interface StoreStatistics {
  readonly keys: number;
  /** The last 48 hours in which something changed, newest first. */
  readonly hourly: readonly HourlyChanges[];
}

/**
 * Where keys are kept. A storage plugin can take the place of the built-in SQLite file; every method may be slow,
 * and other processes may write at the same time.
 */
export interface KeyStore {
  /** The key with this primary fingerprint. */
  get(fingerprint: string): Promise<StoredKey | undefined>;
  /** At most `limit` keys, oldest first. */
  find(search: KeySearch, limit: number): Promise<readonly StoredKey[]>;
  /**
   * Writes the whole key if its stored digest still is `expected` (`undefined`: if it is not there yet), in one step.
   * On disk when it resolves.
   *
   * @returns false when another writer was first: read again, merge again, try again
   */
  put(key: StoredKey, expected: string | undefined): Promise<boolean>;
  /** @returns the removed key, or `undefined` when it was not there */
  remove(fingerprint: string): Promise<StoredKey | undefined>;
  statistics(): Promise<StoreStatistics>;
  close(): Promise<void>;
}
