import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import type { KeyFacts } from './key.ts';
import { emailOf, idsOf, wordsOf } from './key.ts';
import type { KeySearch, KeyStore, StoredKey, StoreStatistics } from './key-store.ts';

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA foreign_keys = ON;
  PRAGMA busy_timeout = 5000;
  CREATE TABLE IF NOT EXISTS keys (
    fingerprint TEXT PRIMARY KEY,
    digest TEXT NOT NULL,
    data BLOB NOT NULL,
    facts TEXT NOT NULL,
    changed_at INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS keys_by_digest ON keys (digest);
  CREATE TABLE IF NOT EXISTS terms (
    kind TEXT NOT NULL,
    term TEXT NOT NULL,
    fingerprint TEXT NOT NULL REFERENCES keys ON DELETE CASCADE,
    PRIMARY KEY (kind, term, fingerprint)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS terms_by_key ON terms (fingerprint);
  CREATE TABLE IF NOT EXISTS hours (
    hour_at INTEGER PRIMARY KEY,
    added INTEGER NOT NULL DEFAULT 0,
    changed INTEGER NOT NULL DEFAULT 0
  );
`;

const hourMs = 3_600_000;
const keptHours = 48;
/** Enough for any honest key, and keeps a hostile one from filling the table. */
const maxTermsOfKind = 2_000;

type Row = Readonly<Record<string, SQLOutputValue>>;

interface Query {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

/** Keeps keys in one SQLite file; each write is on disk before it is acknowledged. */
export class SqliteKeyStore implements KeyStore {
  readonly #database: DatabaseSync;

  /** @param file a path, or `:memory:` */
  constructor(file: string) {
    this.#database = new DatabaseSync(file);
    this.#database.exec(schema);
  }

  async get(fingerprint: string): Promise<StoredKey | undefined> {
    return this.#read(fingerprint);
  }

  async find(search: KeySearch, limit: number): Promise<readonly StoredKey[]> {
    const { sql, values } = queryFor(search);
    const rows = this.#database.prepare(`${sql} ORDER BY keys.rowid LIMIT ?`).all(...values, limit);
    return rows.map(toStoredKey);
  }

  async put(key: StoredKey, expected: string | undefined): Promise<boolean> {
    return this.#inTransaction(() => {
      if (this.#read(key.facts.fingerprint)?.digest !== expected) return false;
      this.#write(key);
      this.#count(key.changedAt, expected === undefined ? 'added' : 'changed');
      return true;
    });
  }

  async remove(fingerprint: string): Promise<StoredKey | undefined> {
    return this.#inTransaction(() => {
      const present = this.#read(fingerprint);
      this.#database.prepare('DELETE FROM keys WHERE fingerprint = ?').run(fingerprint);
      return present;
    });
  }

  async statistics(): Promise<StoreStatistics> {
    const keys = Number(this.#database.prepare('SELECT count(*) AS total FROM keys').get()?.['total'] ?? 0);
    const rows = this.#database.prepare('SELECT * FROM hours ORDER BY hour_at DESC LIMIT ?').all(keptHours);
    const hourly = rows.map((row) => ({
      hourAt: Number(row['hour_at']),
      added: Number(row['added']),
      changed: Number(row['changed']),
    }));
    return { keys, hourly };
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #read(fingerprint: string): StoredKey | undefined {
    const row = this.#database.prepare('SELECT * FROM keys WHERE fingerprint = ?').get(fingerprint);
    return row && toStoredKey(row);
  }

  #write({ facts, digest, data, changedAt }: StoredKey): void {
    this.#database
      .prepare(
        `INSERT INTO keys (fingerprint, digest, data, facts, changed_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (fingerprint) DO UPDATE
         SET digest = excluded.digest, data = excluded.data, facts = excluded.facts, changed_at = excluded.changed_at`,
      )
      .run(facts.fingerprint, digest, data, JSON.stringify(facts), changedAt);
    this.#database.prepare('DELETE FROM terms WHERE fingerprint = ?').run(facts.fingerprint);
    const insert = this.#database.prepare('INSERT INTO terms (kind, term, fingerprint) VALUES (?, ?, ?)');
    for (const [kind, term] of termsOf(facts)) insert.run(kind, term, facts.fingerprint);
  }

  #count(at: number, column: 'added' | 'changed'): void {
    const hour = Math.floor(at / hourMs) * hourMs;
    this.#database
      .prepare(
        `INSERT INTO hours (hour_at, ${column}) VALUES (?, 1) ON CONFLICT DO UPDATE SET ${column} = ${column} + 1`,
      )
      .run(hour);
    this.#database.prepare('DELETE FROM hours WHERE hour_at < ?').run(hour - keptHours * hourMs);
  }

  /** Immediate, so that the read inside sees what the last writer of any process left. */
  #inTransaction<T>(work: () => T): T {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

/** Under which terms a key is found, by kind. */
function termsOf(facts: KeyFacts): readonly (readonly [kind: string, term: string])[] {
  const texts = facts.userIds.map(({ text }) => text);
  const byKind: Readonly<Record<string, readonly string[]>> = {
    id: idsOf(facts),
    word: wordsOf(texts.join(' ')),
    email: texts.flatMap((text) => emailOf(text) ?? []),
    'user-id': texts.map((text) => text.toLowerCase()),
  };
  return Object.entries(byKind).flatMap(([kind, terms]) =>
    [...new Set(terms)].slice(0, maxTermsOfKind).map((term) => [kind, term] as const),
  );
}

function queryFor(search: KeySearch): Query {
  switch (search.kind) {
    case 'digest':
      return { sql: 'SELECT * FROM keys WHERE digest = ?', values: [search.digest] };
    case 'id':
      return withTerms('id', [search.id]);
    case 'email':
      return withTerms('email', [search.email]);
    case 'user-id':
      return withTerms('user-id', [search.text]);
    case 'words':
      return withTerms('word', search.words);
  }
}

function withTerms(kind: string, terms: readonly string[]): Query {
  const one = 'fingerprint IN (SELECT fingerprint FROM terms WHERE kind = ? AND term = ?)';
  return {
    sql: `SELECT * FROM keys WHERE ${terms.map(() => one).join(' AND ')}`,
    values: terms.flatMap((term) => [kind, term]),
  };
}

function toStoredKey(row: Row): StoredKey {
  const data = row['data'];
  // Written by this class alone, from facts of this very type.
  const facts: KeyFacts = JSON.parse(String(row['facts']));
  return {
    facts,
    data: data instanceof Uint8Array ? data : new Uint8Array(),
    digest: String(row['digest']),
    changedAt: Number(row['changed_at']),
  };
}
