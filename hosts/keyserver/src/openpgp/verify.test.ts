import { PublicKey, SignaturePacket, enums } from 'openpgp';
import { expect, test } from 'vitest';
import { ada, grace, makeKey, signWith, withUsers } from '../../test/make-key.ts';
import type { MadeKey } from '../../test/make-key.ts';
import { describeKey } from './describe.ts';
import { readPackets } from './packets.ts';
import type { Packet } from './packets.ts';
import { groupPackets } from './transferable-key.ts';
import type { TransferableKey } from './transferable-key.ts';
import { verifyKey } from './verify.ts';

function takeApart(key: MadeKey | PublicKey): TransferableKey {
  const publicKey = key instanceof PublicKey ? key : key.publicKey;
  return groupPackets(readPackets(publicKey.write(), 1_000)).keys[0]!;
}

const userIds = async (key: TransferableKey) => (await describeKey(key)).userIds.map(({ text }) => text);

test('keeps a key that has signed all its parts', async () => {
  const key = takeApart(await makeKey({ users: [ada, grace] }));
  expect(await verifyKey(key)).toEqual({ key, dropped: [] });
});

test('drops a user id that somebody else has put on', async () => {
  const [mine, others] = [takeApart(await makeKey()), takeApart(await makeKey({ users: [grace] }))];
  const verified = await verifyKey({ ...mine, users: [...mine.users, ...others.users] });
  expect(await userIds(verified.key)).toEqual(['Ada Lovelace <ada@example.org>']);
  expect(verified.dropped).toHaveLength(2);
});

test('drops a user id without any signature', async () => {
  const mine = takeApart(await makeKey());
  const unbound = { packet: { tag: 13, body: Buffer.from('Eve <eve@example.org>') }, signatures: [] };
  const verified = await verifyKey({ ...mine, users: [unbound, ...mine.users] });
  expect(verified.dropped).toEqual([{ part: 'user id', reason: 'it has no valid self-signature' }]);
  expect(await userIds(verified.key)).toEqual(['Ada Lovelace <ada@example.org>']);
});

test("drops another's subkey, and a signature of the wrong place", async () => {
  const [mine, others] = [takeApart(await makeKey()), takeApart(await makeKey())];
  const misplaced = { ...mine.primary, signatures: mine.users[0]!.signatures };
  const verified = await verifyKey({ ...mine, primary: misplaced, subkeys: [...mine.subkeys, ...others.subkeys] });
  expect(verified.key).toEqual(mine);
});

test('drops certifications by others', async () => {
  const [mine, signer] = await Promise.all([makeKey(), makeKey({ users: [grace] })]);
  const certified = takeApart(await mine.publicKey.signAllUsers([signer.privateKey]));
  expect(certified.users[0]!.signatures).toHaveLength(2);
  const verified = await verifyKey(certified);
  expect(verified.key.users[0]!.signatures).toHaveLength(1);
});

test('drops a changed signature and refuses a key with nothing else', async () => {
  const mine = takeApart(await makeKey());
  const broken = mine.users.map(({ packet, signatures }) => ({
    packet,
    signatures: signatures.map(({ tag, body }) => ({ tag, body: Buffer.from(body).fill(1, body.length - 8) })),
  }));
  const verified = await verifyKey({ ...mine, users: broken });
  expect(verified.key.users).toEqual([]);
  const refused = verifyKey({ primary: mine.primary, users: broken, subkeys: [] });
  await expect(refused).rejects.toMatchObject({ code: 'KEY_UNVERIFIABLE' });
});

test('keeps a signing subkey that has signed back, and drops one that has not', async () => {
  const owner = await makeKey();
  const key = await owner.privateKey.addSubkey({ sign: true });
  const subkey = key.subkeys[1]!;
  expect((await verifyKey(takeApart(key.toPublic()))).dropped).toEqual([]);
  const binding = new SignaturePacket();
  binding.signatureType = enums.signature.subkeyBinding;
  binding.publicKeyAlgorithm = key.keyPacket.algorithm;
  binding.hashAlgorithm = enums.hash.sha256;
  binding.keyFlags = Uint8Array.of(enums.keyFlags.signData);
  await signWith(key, binding, { key: key.keyPacket, bind: subkey.keyPacket });
  subkey.bindingSignatures = [binding];
  const verified = await verifyKey(takeApart(key.toPublic()));
  expect(verified.key.subkeys).toHaveLength(1);
  expect(verified.dropped[0]).toEqual({ part: 'signature', reason: 'the signing subkey has not signed back' });
});

test('drops parts with bytes that mean nothing, which anyone could add', async () => {
  const mine = takeApart(await makeKey());
  const longer = <Part extends { readonly packet: Packet }>(part: Part): Part => ({
    ...part,
    packet: { ...part.packet, body: Buffer.concat([part.packet.body, Uint8Array.of(0)]) },
  });
  const verified = await verifyKey({ ...mine, subkeys: [...mine.subkeys, ...mine.subkeys.map(longer)] });
  expect(verified).toEqual({ key: mine, dropped: [{ part: 'subkey', reason: 'it has bytes that mean nothing' }] });
  const refused = verifyKey({ ...mine, primary: longer(mine.primary) });
  await expect(refused).rejects.toMatchObject({ code: 'KEY_UNSUPPORTED' });
});

test('refuses a key that it cannot read', async () => {
  const unreadable = { packet: { tag: 6, body: Uint8Array.of(9, 1, 2, 3) }, signatures: [] };
  const refused = verifyKey({ primary: unreadable, users: [], subkeys: [] });
  await expect(refused).rejects.toMatchObject({ code: 'KEY_UNSUPPORTED' });
});

test('describes expiry, versions and user ids taken back', async () => {
  const made = await makeKey({ users: [ada, grace], date: new Date('2020-01-01'), keyExpirationTime: 86_400 });
  const facts = await describeKey(takeApart(made));
  expect(facts).toMatchObject({
    fingerprint: made.fingerprint,
    version: 4,
    algorithm: 22,
    bits: 255,
    createdAt: Date.parse('2020-01-01'),
    expiresAt: Date.parse('2020-01-02'),
    isRevoked: false,
  });
  const users = await Promise.all(
    made.privateKey.users.map((user, index) => (index === 0 ? user.revoke(made.privateKey.keyPacket as never) : user)),
  );
  made.publicKey.users = users;
  expect((await describeKey(takeApart(made))).userIds.map(({ isRevoked }) => isRevoked)).toEqual([true, false]);
});

test('takes the expiry of the newest self-signature', async () => {
  const made = await makeKey({ date: new Date('2020-01-01'), keyExpirationTime: 86_400 });
  const prolonged = await withUsers(made, [ada]);
  const [before, after] = [takeApart(made), takeApart(prolonged)];
  const signatures = [...before.users[0]!.signatures, ...after.users[0]!.signatures];
  const facts = await describeKey({ ...before, users: [{ packet: before.users[0]!.packet, signatures }] });
  expect(facts.expiresAt).toBeUndefined();
});
