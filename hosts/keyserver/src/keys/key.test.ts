import { expect, test } from 'vitest';
import { emailOf, idsOf, isExpired, keyIdOf, wordsOf } from './key.ts';

test.each([
  ['Ada Lovelace <Ada@Example.org>', 'ada@example.org'],
  ['ada@example.org', 'ada@example.org'],
  ['Ada <ada@example.org> ', 'ada@example.org'],
  ['Ada (née @Byron) <ada+x@example.org>', 'ada+x@example.org'],
  ['Ada', undefined],
  ['Ada ada@example.org', undefined],
  ['Ada <ada@@example.org>', undefined],
  ['<@>', undefined],
  ['', undefined],
])('finds the address in "%s"', (userId, address) => {
  expect(emailOf(userId)).toBe(address);
});

test('finds words of any script, each once', () => {
  expect(wordsOf('Ünïcode, 日本 & ünïcode@x1.org')).toEqual(['ünïcode', '日本', 'x1', 'org']);
});

test('takes key ids from the end of old fingerprints and the beginning of new ones', () => {
  const fingerprint = `${'A'.repeat(16)}${'B'.repeat(24)}`;
  expect(keyIdOf({ fingerprint, version: 4 })).toBe('B'.repeat(16));
  expect(keyIdOf({ fingerprint, version: 6 })).toBe('A'.repeat(16));
  const facts = { algorithm: 1, bits: 1, createdAt: 0, isRevoked: false, userIds: [], attributeCount: 0, subkeys: [] };
  expect(idsOf({ ...facts, fingerprint, version: 4 })).toEqual([fingerprint, 'B'.repeat(16), 'B'.repeat(8)]);
  expect(idsOf({ ...facts, fingerprint, version: 6 })).toEqual([fingerprint, 'A'.repeat(16)]);
});

test('knows what has expired', () => {
  expect([isExpired({ expiresAt: 5 }, 5), isExpired({ expiresAt: 6 }, 5), isExpired({}, 5)]).toEqual([
    true,
    false,
    false,
  ]);
});
