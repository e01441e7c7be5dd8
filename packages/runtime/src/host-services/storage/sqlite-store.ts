import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import { entryBytes, isOverQuota } from './storage-backend.ts';
import type { CommitOutcome, Namespace, ReadCheck, StoredEntry, Write } from './storage-backend.ts';

/** One call as it goes to the thread that owns the database. */
export type StoreCall =
  | { readonly type: 'read'; readonly namespace: Namespace; readonly key: string }
  | { readonly type: 'list'; readonly namespace: Namespace; readonly prefix: string; readonly limit: number }
  | {
      readonly type: 'commit';
      readonly namespace: Namespace;
      readonly reads: readonly ReadCheck[];
      readonly writes: readonly Write[];
    };

export type StoreAnswer = StoredEntry | readonly string[] | CommitOutcome;

export interface StoreOptions {
  readonly file: string;
  /** The size the file may grow to; without it only the disk is the limit. */
  readonly maxBytes?: number | undefined;
  /** What one namespace may hold; default: no limit. */
  readonly maxNamespaceBytes?: number | undefined;
}

const pageBytes = 4_096;

// Keys are blobs of UTF-8: they compare by code point, and a prefix is a range of bytes.
const schema = `
  PRAGMA page_size = ${pageBytes};
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS entries (
    plugin TEXT NOT NULL,
    tenant TEXT NOT NULL,
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (plugin, tenant, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS commits (last INTEGER NOT NULL) STRICT;
  INSERT INTO commits SELECT 0 WHERE NOT EXISTS (SELECT * FROM commits);
`;

/** The SQL of the store. Every call blocks, so it lives in a thread of its own. */
export class SqliteStore {
  readonly #database: DatabaseSync;
  readonly #read: StatementSync;
  readonly #list: StatementSync;
  readonly #set: StatementSync;
  readonly #delete: StatementSync;
  readonly #nextCommit: StatementSync;
  readonly #size: StatementSync;
  readonly #maxNamespaceBytes: number;
  /** What each namespace holds, as far as it was asked for. */
  readonly #sizes = new Map<string, number>();

  constructor({ file, maxBytes, maxNamespaceBytes = Infinity }: StoreOptions) {
    this.#maxNamespaceBytes = maxNamespaceBytes;
    this.#database = new DatabaseSync(file, { timeout: 5_000 });
    this.#database.exec(schema);
    if (maxBytes !== undefined) this.#database.exec(`PRAGMA max_page_count = ${Math.ceil(maxBytes / pageBytes)}`);
    const prepare = (sql: string): StatementSync => this.#database.prepare(sql);
    this.#read = prepare('SELECT value, version FROM entries WHERE plugin = ? AND tenant = ? AND key = ?');
    this.#list = prepare(
      'SELECT key FROM entries WHERE plugin = ? AND tenant = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?',
    );
    this.#set = prepare('INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?)');
    this.#delete = prepare('DELETE FROM entries WHERE plugin = ? AND tenant = ? AND key = ?');
    this.#size = prepare(
      'SELECT coalesce(sum(length(key) + length(value)), 0) AS bytes FROM entries WHERE plugin = ? AND tenant = ?',
    );
    this.#nextCommit = prepare('UPDATE commits SET last = last + 1 RETURNING last');
  }

  /**
   * Answers calls in their order, all inside one transaction: however many commits wait, the disk is synced once.
   * Nothing may be acknowledged before this returns. If it throws, none of the calls has happened.
   */
  run(calls: readonly StoreCall[]): readonly StoreAnswer[] {
    this.#database.exec(calls.some((call) => call.type === 'commit') ? 'BEGIN IMMEDIATE' : 'BEGIN');
    try {
      const answers = calls.map((call) => this.#answer(call));
      this.#database.exec('COMMIT');
      return answers;
    } catch (error) {
      this.#sizes.clear();
      // A full disk may have ended the transaction already.
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }

  #answer(call: StoreCall): StoreAnswer {
    const space = [call.namespace.plugin, tenantKey(call.namespace)] as const;
    switch (call.type) {
      case 'read':
        return this.#entry(space, call.key);
      case 'list': {
        const rows = this.#list.all(...space, Buffer.from(call.prefix), afterPrefix(call.prefix), call.limit);
        return rows.map((row) => Buffer.from(row['key'] as Uint8Array).toString());
      }
      case 'commit': {
        if (call.reads.some(([key, version]) => this.#entry(space, key).version !== version)) return 'conflict';
        return call.writes.length === 0 || this.#write(space, call.writes) ? 'committed' : 'full';
      }
    }
  }

  #entry(space: readonly [string, string], key: string): StoredEntry {
    const row = this.#read.get(...space, Buffer.from(key));
    if (row === undefined) return { value: undefined, version: 0 };
    return { value: row['value'] as Uint8Array, version: Number(row['version']) };
  }

  /** @returns false, and nothing is written, when the namespace would hold too much */
  #write(space: readonly [string, string], writes: readonly Write[]): boolean {
    const name = JSON.stringify(space);
    const before = this.#sizes.get(name) ?? Number(this.#size.get(...space)?.['bytes']);
    const after = writes.reduce(
      (total, [key, value]) => total + entryBytes(key, value) - entryBytes(key, this.#entry(space, key).value),
      before,
    );
    if (isOverQuota(before, after, this.#maxNamespaceBytes)) return false;
    this.#sizes.set(name, after);
    const version = Number(this.#nextCommit.get()?.['last']);
    for (const [key, value] of writes) {
      if (value === undefined) this.#delete.run(...space, Buffer.from(key));
      else this.#set.run(...space, Buffer.from(key), value, version);
    }
    return true;
  }
}

/** No tenant and a tenant with any name, the empty one too, never meet. */
function tenantKey({ tenant }: Namespace): string {
  return tenant === undefined ? '' : `t:${tenant}`;
}

/** The first bytes after every key with this prefix. UTF-8 has no byte 0xFF, so the last byte can grow. */
function afterPrefix(prefix: string): Uint8Array {
  const bytes = Buffer.from(prefix);
  const last = bytes.at(-1);
  if (last === undefined) return Uint8Array.of(0xff);
  bytes[bytes.length - 1] = last + 1;
  return bytes;
}
