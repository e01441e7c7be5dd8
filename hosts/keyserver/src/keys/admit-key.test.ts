import { afterEach, beforeEach, expect, test } from 'vitest';
import { ada, grace, makeKey, revoked, withPicture, withUsers } from '../../test/make-key.ts';
import { noExtensions } from '../extension-points.ts';
import type { KeyExtensions } from '../extension-points.ts';
import { defaultLimits, readSubmission } from '../openpgp/submission.ts';
import { admitKey } from './admit-key.ts';
import type { Admission, AdmissionPorts } from './admit-key.ts';
import { admitRevocation } from './admit-revocation.ts';
import { removeKey } from './remove-key.ts';
import { SqliteKeyStore } from './sqlite-key-store.ts';

let store: SqliteKeyStore;
let events: string[];
let ports: AdmissionPorts;

beforeEach(() => {
  store = new SqliteKeyStore(':memory:');
  events = [];
  const announce: KeyExtensions['announce'] = async (name, { userIds }) => {
    events.push(`${name} ${userIds.length}`);
  };
  ports = { store, extensions: { ...noExtensions, announce }, limits: defaultLimits, now: () => 1_000 };
});

afterEach(() => store.close());

async function admit(armored: string, changes: Partial<AdmissionPorts> = {}): Promise<Admission> {
  const { keys, loose } = readSubmission(armored, defaultLimits);
  const used = { ...ports, ...changes };
  return keys[0] ? admitKey(keys[0], used) : admitRevocation(loose[0]!, used);
}

const userIds = ({ key }: Admission) => key.facts.userIds.map(({ text }) => text);

test('adds, merges and recognises a key', async () => {
  const key = await makeKey();
  const other = await withUsers(key, [grace]);
  expect(await admit(key.armored)).toMatchObject({ outcome: 'added' });
  const changed = await admit(other.armored);
  expect(changed.outcome).toBe('changed');
  expect(userIds(changed)).toEqual(['Ada Lovelace <ada@example.org>', 'Grace Hopper <grace@example.net>']);
  expect(await admit(key.armored)).toMatchObject({ outcome: 'unchanged', key: { digest: changed.key.digest } });
  expect(events).toEqual(['key.added 1', 'key.changed 2']);
});

test('comes to the same digest in whatever order copies arrive', async () => {
  const key = await makeKey();
  const copies = [key.armored, (await withUsers(key, [grace])).armored, await revoked(key)];
  const digests: string[] = [];
  for (const order of [copies, copies.toReversed()]) {
    await removeKey(key.fingerprint, ports);
    let last: Admission | undefined;
    for (const copy of order) last = await admit(copy);
    digests.push(last!.key.digest);
  }
  expect(digests[0]).toBe(digests[1]);
});

test('loses nothing when many add to one key at the same time', async () => {
  const key = await makeKey();
  const copies = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      withUsers(key, [{ name: `Ada ${index}`, email: `ada${index}@example.org` }]),
    ),
  );
  await Promise.all(copies.map(({ armored }) => admit(armored)));
  const stored = await store.get(key.fingerprint);
  expect(stored?.facts.userIds).toHaveLength(8);
});

test('gives up on a key that others never stop changing', async () => {
  const { armored } = await makeKey();
  const busy = new (class extends SqliteKeyStore {
    override put = async () => false;
  })(':memory:');
  await expect(admit(armored, { store: busy })).rejects.toMatchObject({ code: 'KEY_BUSY' });
  await busy.close();
});

test('announces a revocation once', async () => {
  const key = await makeKey();
  await admit(key.armored);
  expect(await admit(await revoked(key))).toMatchObject({ key: { facts: { isRevoked: true } } });
  await admit(await revoked(key));
  expect(events.filter((event) => event.startsWith('key.revoked'))).toEqual(['key.revoked 1']);
});

test('applies a bare revocation certificate to the key it names', async () => {
  const key = await makeKey();
  await expect(admit(key.revocation)).rejects.toMatchObject({ code: 'REVOCATION_WITHOUT_KEY' });
  await admit(key.armored);
  const admission = await admit(key.revocation);
  expect(admission).toMatchObject({ outcome: 'changed', key: { facts: { isRevoked: true } } });
  expect(userIds(admission)).toHaveLength(1);
});

test('refuses a revocation certificate that was tampered with', async () => {
  const key = await makeKey();
  await admit(key.armored);
  const { loose } = readSubmission(key.revocation, defaultLimits);
  const { tag, body } = loose[0]!;
  const forged = { tag, body: Buffer.from(body).fill(1, body.length - 8) };
  await expect(admitRevocation(forged, ports)).rejects.toMatchObject({ code: 'KEY_UNVERIFIABLE' });
});

test('asks the plugins, and stores nothing that one of them rejects', async () => {
  const key = await makeKey();
  const seen: string[] = [];
  const validate: KeyExtensions['validate'] = async ({ facts, armored }) => {
    seen.push(facts.fingerprint, armored.slice(0, 36));
    return [{ accept: true }];
  };
  const inspect: KeyExtensions['inspect'] = async ({ userIds: texts }) => [
    { accept: false, reason: `"${texts[0]}" is spam` },
  ];
  const extensions = { ...noExtensions, validate, inspect };
  await expect(admit(key.armored, { extensions })).rejects.toMatchObject({
    code: 'KEY_REJECTED',
    message: `key ${key.fingerprint} was rejected: "Ada Lovelace <ada@example.org>" is spam`,
  });
  expect(seen).toEqual([key.fingerprint, '-----BEGIN PGP PUBLIC KEY BLOCK-----']);
  expect(await store.get(key.fingerprint)).toBeUndefined();
});

test('shows pictures to the plugins that check content, and keeps them', async () => {
  const attributes: string[] = [];
  const inspect: KeyExtensions['inspect'] = async (content) => {
    attributes.push(...content.attributes);
    return [];
  };
  const armored = await withPicture(await makeKey(), Uint8Array.of(9, 8, 7));
  const admission = await admit(armored, { extensions: { ...noExtensions, inspect } });
  expect(admission).toMatchObject({ key: { facts: { attributeCount: 1 } }, dropped: [] });
  expect(attributes).toEqual([Buffer.of(4, 1, 9, 8, 7).toString('base64')]);
});

test('refuses a revocation that cannot be read', async () => {
  const broken = { tag: 2, body: Uint8Array.of(4, 0x20, 1) };
  await expect(admitRevocation(broken, ports)).rejects.toMatchObject({ code: 'KEY_MALFORMED' });
});

test('stops a key from growing without limit', async () => {
  const { armored } = await makeKey({ users: [ada, grace] });
  const limits = { ...defaultLimits, maxKeyBytes: 200 };
  await expect(admit(armored, { limits })).rejects.toMatchObject({ code: 'KEY_TOO_LARGE' });
});

test('announces the removal of a key', async () => {
  const key = await makeKey();
  await admit(key.armored);
  expect(await removeKey(key.fingerprint, ports)).toBe(true);
  expect(await removeKey(key.fingerprint, ports)).toBe(false);
  expect(events).toEqual(['key.added 1', 'key.removed 1']);
});
