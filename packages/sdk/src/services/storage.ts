/** What can be stored: anything `structuredClone` copies, at most 1 MB encoded. */
export type StoredValue = unknown;

/** A plugin's own key-value store. Keys of other plugins and tenants cannot be named. */
export interface Storage {
  get<T = unknown>(key: string): Promise<T | undefined>;
  set(key: string, value: StoredValue): Promise<void>;
  delete(key: string): Promise<void>;
  /** Keys that begin with `prefix`, in code-point order. `limit` defaults to 1,000. */
  list(prefix?: string, options?: { readonly limit?: number }): Promise<readonly string[]>;
  /**
   * Runs `work` on a consistent view and commits its writes at once, or none of them.
   * On a conflict `work` runs again, at most 5 times in all, so it must be repeatable.
   *
   * @throws STORAGE_CONFLICT when the fifth attempt also met a conflict
   */
  transaction<T>(work: (transaction: Transaction) => T | Promise<T>): Promise<T>;
}

/** The store as seen inside `transaction`: reads are checked at commit, writes wait in memory until then. */
export interface Transaction {
  get<T = unknown>(key: string): Promise<T | undefined>;
  set(key: string, value: StoredValue): void;
  delete(key: string): void;
}
