import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SqliteKeyStore } from './sqlite-key-store.ts';
import type { KeyFacts } from './key.ts';
import type { StoredKey } from './key-store.ts';

const subkey = { version: 4, algorithm: 18, bits: 255, createdAt: 0, isRevoked: false };

function storedKey(digit: string, userId: string, digest = digit): StoredKey {
  const facts: KeyFacts = {
    fingerprint: digit.repeat(40),
    version: 4,
    algorithm: 22,
    bits: 255,
    createdAt: 0,
    isRevoked: false,
    userIds: [{ text: userId, createdAt: 0, isRevoked: false }],
    attributeCount: 0,
    subkeys: [{ ...subkey, fingerprint: `${digit}0`.repeat(20) }],
  };
  return { facts, data: Buffer.from(digit), digest, changedAt: 3_600_001 };
}

const one = storedKey('A', 'Ada Lovelace <Ada@Example.org>');
const two = storedKey('B', 'Ada Byron (née Byron) <byron@example.org>');

let store: SqliteKeyStore;
const fingerprints = async (search: Parameters<SqliteKeyStore['find']>[0], limit = 10) =>
  (await store.find(search, limit)).map(({ facts }) => facts.fingerprint);

beforeEach(async () => {
  store = new SqliteKeyStore(':memory:');
  await store.put(one, undefined);
  await store.put(two, undefined);
});

afterEach(() => store.close());

test('finds a key by fingerprint, long id and short id, of itself and of its subkeys', async () => {
  for (const length of [40, 16, 8]) {
    expect(await fingerprints({ kind: 'id', id: 'A'.repeat(length) })).toEqual([one.facts.fingerprint]);
    expect(await fingerprints({ kind: 'id', id: 'A0'.repeat(length / 2) })).toEqual([one.facts.fingerprint]);
  }
  expect(await fingerprints({ kind: 'id', id: 'C'.repeat(16) })).toEqual([]);
});

test('finds keys by words of their user ids, all of which must be there', async () => {
  expect(await fingerprints({ kind: 'words', words: ['ada'] })).toHaveLength(2);
  expect(await fingerprints({ kind: 'words', words: ['née', 'ada'] })).toEqual([two.facts.fingerprint]);
  expect(await fingerprints({ kind: 'words', words: ['ada', 'grace'] })).toEqual([]);
  expect(await fingerprints({ kind: 'words', words: ['ada'] }, 1)).toEqual([one.facts.fingerprint]);
});

test('finds keys by address, by whole user id and by digest', async () => {
  expect(await fingerprints({ kind: 'email', email: 'ada@example.org' })).toEqual([one.facts.fingerprint]);
  const text = 'ada lovelace <ada@example.org>';
  expect(await fingerprints({ kind: 'user-id', text })).toEqual([one.facts.fingerprint]);
  expect(await fingerprints({ kind: 'user-id', text: 'ada lovelace' })).toEqual([]);
  expect(await fingerprints({ kind: 'digest', digest: 'B' })).toEqual([two.facts.fingerprint]);
});

test('writes only over the state that the writer has seen', async () => {
  const changed = storedKey('A', 'Ada King <king@example.org>', 'newer');
  expect(await store.put(changed, undefined)).toBe(false);
  expect(await store.put(changed, 'older')).toBe(false);
  expect(await store.put(changed, 'A')).toBe(true);
  expect(await store.get(one.facts.fingerprint)).toEqual({ ...changed, data: new Uint8Array(changed.data) });
});

test('forgets the words that a key no longer has', async () => {
  await store.put(storedKey('A', 'King', 'newer'), 'A');
  expect(await fingerprints({ kind: 'words', words: ['lovelace'] })).toEqual([]);
  expect(await fingerprints({ kind: 'words', words: ['king'] })).toEqual([one.facts.fingerprint]);
});

test('removes a key with everything that led to it', async () => {
  expect(await store.remove(one.facts.fingerprint)).toMatchObject({ digest: 'A' });
  expect(await store.remove(one.facts.fingerprint)).toBeUndefined();
  expect(await fingerprints({ kind: 'id', id: 'A'.repeat(8) })).toEqual([]);
});

test('counts keys, and changes by the hour', async () => {
  await store.put(storedKey('A', 'King', 'newer'), 'A');
  expect(await store.statistics()).toEqual({ keys: 2, hourly: [{ hourAt: 3_600_000, added: 2, changed: 1 }] });
});

test('keeps keys in its file, where a second store sees them', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'keys-'));
  try {
    await using first = new SqliteKeyStore(join(folder, 'keys.sqlite'));
    await first.put(one, undefined);
    await using second = new SqliteKeyStore(join(folder, 'keys.sqlite'));
    expect(await second.get(one.facts.fingerprint)).toMatchObject({ digest: 'A' });
    expect(await second.put(one, undefined)).toBe(false);
  } finally {
    await rm(folder, { recursive: true });
  }
});
