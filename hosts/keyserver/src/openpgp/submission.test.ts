import { expect, test } from 'vitest';
import { makeKey } from '../../test/make-key.ts';
import { writeArmor } from './armor.ts';
import { packetTag, writePackets } from './packets.ts';
import { defaultLimits, readSubmission } from './submission.ts';

const read = (text: string) => readSubmission(text, defaultLimits);
const refusedWith = (code: string) => expect.objectContaining({ code });

test('reads several armored keys in one text, with words between them', async () => {
  const [one, two] = await Promise.all([makeKey(), makeKey()]);
  expect(read(`first:\n${one.armored}\nsecond:\n${two.armored}bye`).keys).toHaveLength(2);
});

test('reads several keys inside one armor', async () => {
  const keys = await Promise.all([makeKey(), makeKey(), makeKey()]);
  const data = Buffer.concat(keys.map(({ publicKey }) => publicKey.write()));
  expect(read(writeArmor(data, { hasChecksum: true })).keys).toHaveLength(3);
});

test('reads line ends of other systems, missing checksums and missing headers', async () => {
  const { armored, publicKey } = await makeKey();
  expect(read(armored.replaceAll('\n', '\r\n')).keys).toHaveLength(1);
  expect(read(writeArmor(publicKey.write(), { hasChecksum: false })).keys).toHaveLength(1);
  expect(read(armored.replace('\n\n', '\n')).keys).toHaveLength(1);
  expect(read(armored.replace('\n\n', '\nVersion: 1\nComment: two words\n\n')).keys).toHaveLength(1);
});

test('keeps a bare revocation apart from keys', async () => {
  const { revocation, armored } = await makeKey();
  const { keys, loose } = read(revocation + armored);
  expect([keys.length, loose.length]).toEqual([1, 1]);
});

test('refuses a secret key, whatever its armor says', async () => {
  const { privateKey, armored } = await makeKey();
  expect(() => read(privateKey.armor())).toThrow(refusedWith('KEY_SECRET'));
  expect(() => read(armored + privateKey.armor())).toThrow(refusedWith('KEY_SECRET'));
  const disguised = writeArmor(privateKey.write(), { hasChecksum: true });
  expect(() => read(disguised)).toThrow(refusedWith('KEY_SECRET'));
});

test.each([
  ['no armor', 'this is no key'],
  ['a message', '-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----'],
  ['an armor without an end', '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDME\n'],
  ['an empty armor', '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n-----END PGP PUBLIC KEY BLOCK-----'],
  ['a body that is not base64', '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nm!ME\n-----END PGP PUBLIC KEY BLOCK-----'],
])('refuses %s', (_, text) => {
  expect(() => read(text)).toThrow(refusedWith('ARMOR_INVALID'));
});

test('refuses packets that are no part of a public key', async () => {
  const { publicKey } = await makeKey();
  const literal = Uint8Array.of(0xcb, 1, 0);
  const armored = (...parts: Uint8Array[]) => writeArmor(Buffer.concat(parts), { hasChecksum: true });
  expect(() => read(armored(publicKey.write(), literal))).toThrow(refusedWith('KEY_MALFORMED'));
  expect(() => read(armored(Uint8Array.of(0xcd, 1, 65)))).toThrow(refusedWith('KEY_MALFORMED'));
});

test('refuses a signature that revokes nothing', async () => {
  const { publicKey } = await makeKey();
  const [certification] = publicKey.users[0]!.toPacketList().filterByTag(2);
  const data = writePackets([{ tag: packetTag.signature, body: certification!.write() }]);
  const armored = writeArmor(data, { hasChecksum: true });
  expect(() => read(armored)).toThrow(/no revocation of a key/);
});

test('refuses what is too large before it takes it apart', async () => {
  const { armored } = await makeKey();
  const tooLarge = refusedWith('KEY_TOO_LARGE');
  expect(() => readSubmission(armored, { ...defaultLimits, maxArmorBytes: 100 })).toThrow(tooLarge);
  expect(() => readSubmission(armored, { ...defaultLimits, maxPackets: 3 })).toThrow(tooLarge);
  expect(() => readSubmission(armored + armored, { ...defaultLimits, maxKeys: 1 })).toThrow(tooLarge);
});
