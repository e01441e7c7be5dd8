import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ada, addForm, grace, makeKey } from '../../test/make-key.ts';
import { noExtensions } from '../extension-points.ts';
import { SqliteKeyStore } from '../keys/sqlite-key-store.ts';
import { writeArmor } from '../openpgp/armor.ts';
import { defaultLimits } from '../openpgp/submission.ts';
import { createHkpHandler } from './routes.ts';

const runs = Number(process.env['FUZZ_RUNS'] ?? 150);

/** Places to write at and what to write there. */
const edits = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 });

function damaged(data: Uint8Array, changes: readonly (readonly [number, number])[]): Uint8Array {
  const copy = Uint8Array.from(data);
  for (const [place, byte] of changes) copy[place % copy.length] = byte;
  return copy;
}

test('answers every damaged key with a reason or a key that still verifies, and never fails', async () => {
  const key = await makeKey({ users: [ada, grace] });
  const data = key.publicKey.write();
  await using store = new SqliteKeyStore(':memory:');
  const handle = createHkpHandler({ store, extensions: noExtensions, limits: defaultLimits, now: Date.now });
  await fc.assert(
    fc.asyncProperty(edits, fc.nat({ max: data.length }), async (changes, cut) => {
      const sent = damaged(data, changes).subarray(0, cut < 20 ? data.length : cut);
      const { status } = await handle(addForm(writeArmor(sent, { hasChecksum: true })));
      expect([200, 400, 413, 422]).toContain(status);
    }),
    { numRuns: runs },
  );
  const stored = await store.find({ kind: 'words', words: ['example'] }, 100);
  expect(new Set(stored.map(({ facts }) => facts.fingerprint))).toEqual(new Set([key.fingerprint]));
});

test('answers every text that is sent as a key', async () => {
  await using store = new SqliteKeyStore(':memory:');
  const handle = createHkpHandler({ store, extensions: noExtensions, limits: defaultLimits, now: Date.now });
  const line = fc.constantFrom(
    '-----BEGIN PGP PUBLIC KEY BLOCK-----',
    '-----END PGP PUBLIC KEY BLOCK-----',
    '',
    '=abcd',
    'A: b',
  );
  const text = fc.array(fc.oneof(line, fc.base64String({ maxLength: 60 }), fc.string()), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(text, async (lines) => {
      const { status } = await handle(addForm(lines.join('\n')));
      expect([400, 422]).toContain(status);
    }),
    { numRuns: runs },
  );
});

test('answers every query', async () => {
  await using store = new SqliteKeyStore(':memory:');
  const handle = createHkpHandler({ store, extensions: noExtensions, limits: defaultLimits, now: Date.now });
  const name = fc.constantFrom('op', 'search', 'options', 'exact', 'fingerprint');
  const value = fc.oneof(fc.constantFrom('get', 'index', 'hget', 'mr', 'on', '0x', '<a@b>', '%', '%zz'), fc.string());
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(name, value)), async (fields) => {
      const url = `http://localhost/pks/lookup?${fields.map((field) => field.join('=')).join('&')}`;
      const { status } = await handle(new Request(url));
      expect([200, 400, 404, 501]).toContain(status);
    }),
    { numRuns: runs },
  );
});
