import { SignaturePacket, UserAttributePacket, config, enums, generateKey, reformatKey, revokeKey } from 'openpgp';
import type { PrivateKey, PublicKey, UserID } from 'openpgp';
import { writeArmor } from '../src/openpgp/armor.ts';
import { packetTag, writePackets } from '../src/openpgp/packets.ts';

export interface MadeKey {
  readonly privateKey: PrivateKey;
  readonly publicKey: PublicKey;
  readonly armored: string;
  readonly revocation: string;
  readonly fingerprint: string;
}

interface KeyWishes {
  readonly users?: readonly UserID[];
  readonly date?: Date;
  readonly keyExpirationTime?: number;
  readonly v6Keys?: boolean;
}

export const ada: UserID = { name: 'Ada Lovelace', email: 'ada@example.org' };
export const grace: UserID = { name: 'Grace Hopper', email: 'grace@example.net' };

/** A fresh key on a small curve, so that a test takes milliseconds. */
export async function makeKey({ users = [ada], v6Keys = false, ...wishes }: KeyWishes = {}): Promise<MadeKey> {
  const made = await generateKey({
    ...wishes,
    userIDs: [...users],
    type: v6Keys ? 'curve25519' : 'ecc',
    format: 'object',
    config: { v6Keys },
  });
  return toMadeKey(made.privateKey, made.publicKey, made.revocationCertificate);
}

/** The same key as its owner has it on another machine, with other user ids. */
export async function withUsers(key: MadeKey, users: readonly UserID[]): Promise<MadeKey> {
  const made = await reformatKey({ privateKey: key.privateKey, userIDs: [...users], format: 'object' });
  return toMadeKey(made.privateKey, made.publicKey, made.revocationCertificate);
}

/** The same key with a picture on it; the picture is only some bytes. */
export async function withPicture({ privateKey, publicKey }: MadeKey, picture: Uint8Array): Promise<string> {
  const attribute = new UserAttributePacket();
  // One subpacket of the type for images.
  attribute.read(Uint8Array.of(picture.length + 1, 1, ...picture));
  const certification = new SignaturePacket();
  certification.signatureType = enums.signature.certGeneric;
  certification.publicKeyAlgorithm = privateKey.keyPacket.algorithm;
  certification.hashAlgorithm = enums.hash.sha256;
  await signWith(privateKey, certification, { key: privateKey.keyPacket, userAttribute: attribute });
  const packets = [packetTag.userAttribute, packetTag.signature].map((tag, index) => ({
    tag,
    body: (index === 0 ? attribute : certification).write(),
  }));
  return writeArmor(Buffer.concat([publicKey.write(), writePackets(packets)]), { hasChecksum: true });
}

/** Signs what the library has no function for. Its type declarations leave out the last parameter. */
export async function signWith(key: PrivateKey, signature: SignaturePacket, data: object): Promise<void> {
  await Reflect.apply(signature.sign, signature, [key.keyPacket, data, new Date(), false, config]);
}

export async function revoked(key: MadeKey): Promise<string> {
  const { publicKey } = await revokeKey({ key: key.privateKey, format: 'armored' });
  return publicKey;
}

/** The form that clients post. */
export function addForm(keytext: string, fields: Readonly<Record<string, string>> = {}): Request {
  return new Request('http://localhost/pks/add', { method: 'POST', body: new URLSearchParams({ keytext, ...fields }) });
}

export function lookUp(query: string): Request {
  return new Request(`http://localhost/pks/lookup?${query}`);
}

function toMadeKey(privateKey: PrivateKey, publicKey: PublicKey, revocation: string): MadeKey {
  return {
    privateKey,
    publicKey,
    armored: publicKey.armor(),
    revocation,
    fingerprint: publicKey.getFingerprint().toUpperCase(),
  };
}
