import { messageOf } from '@hotswap/protocol';
import {
  PublicKeyPacket,
  PublicSubkeyPacket,
  SignaturePacket,
  UserAttributePacket,
  UserIDPacket,
  enums,
} from 'openpgp';
import { fail } from '../errors.ts';
import type { Packet } from './packets.ts';
import { packetTag } from './packets.ts';
import type { SignedPart, TransferableKey } from './transferable-key.ts';

/** What is left of a key, and what was left out and why. */
export interface VerifiedKey {
  readonly key: TransferableKey;
  readonly dropped: readonly DroppedPart[];
}

export interface DroppedPart {
  readonly part: 'signature' | 'user id' | 'subkey';
  readonly reason: string;
}

type SignableKey = PublicKeyPacket | PublicSubkeyPacket;

/** What a signature of one place in a key must be about. */
interface Subject {
  readonly types: readonly number[];
  readonly data: object;
  /** Set for subkeys, which have to agree to being bound when they may sign. */
  readonly subkey?: PublicSubkeyPacket;
}

const { signature } = enums;
const certifications = [signature.certGeneric, signature.certPersona, signature.certCasual, signature.certPositive];
const userTypes: readonly number[] = [...certifications, signature.certRevocation];
const mayCertifyOrSign = 0x02;

/**
 * Keeps what the key's owner has signed, and nothing else: user ids and subkeys without a valid self-signature
 * are dropped, and so are certifications by others, which would let anyone grow another's key without limit.
 *
 * @throws KEY_UNSUPPORTED when the primary key cannot be read
 * @throws KEY_UNVERIFIABLE when nothing is left
 */
export async function verifyKey(key: TransferableKey): Promise<VerifiedKey> {
  const primary = await readPrimary(key.primary.packet);
  const dropped: DroppedPart[] = [];
  const onPrimary = { types: [signature.key, signature.keyRevocation], data: { key: primary } };
  const verified: TransferableKey = {
    primary: { packet: key.primary.packet, signatures: await keepValid(key.primary, primary, onPrimary, dropped) },
    users: await keepSigned(key.users, 'user id', (part) => keepUser(part, primary, dropped), dropped),
    subkeys: await keepSigned(key.subkeys, 'subkey', (part) => keepSubkey(part, primary, dropped), dropped),
  };
  if (verified.primary.signatures.length + verified.users.length + verified.subkeys.length === 0) {
    const problem = dropped[0]?.reason ?? 'it has none';
    throw fail('KEY_UNVERIFIABLE', { fingerprint: primary.getFingerprint().toUpperCase(), problem });
  }
  return { key: verified, dropped };
}

async function readPrimary(packet: Packet): Promise<PublicKeyPacket> {
  const primary = new PublicKeyPacket();
  try {
    await primary.read(packet.body);
    expectExact(primary, packet);
  } catch (error) {
    throw fail('KEY_UNSUPPORTED', { problem: messageOf(error) }, { cause: error });
  }
  return primary;
}

/** Keeps the parts that have at least one valid signature. */
async function keepSigned(
  parts: readonly SignedPart[],
  name: DroppedPart['part'],
  keepSignatures: (part: SignedPart) => Promise<readonly Packet[]>,
  dropped: DroppedPart[],
): Promise<readonly SignedPart[]> {
  const kept: SignedPart[] = [];
  for (const part of parts) {
    try {
      const signatures = await keepSignatures(part);
      if (signatures.length > 0) kept.push({ packet: part.packet, signatures });
      else dropped.push({ part: name, reason: 'it has no valid self-signature' });
    } catch (error) {
      dropped.push({ part: name, reason: reasonOf(error) });
    }
  }
  return kept;
}

async function keepUser(
  part: SignedPart,
  primary: PublicKeyPacket,
  dropped: DroppedPart[],
): Promise<readonly Packet[]> {
  const isText = part.packet.tag === packetTag.userId;
  const user = isText ? new UserIDPacket() : new UserAttributePacket();
  user.read(part.packet.body);
  expectExact(user, part.packet);
  const data = { key: primary, userID: isText ? user : null, userAttribute: isText ? null : user };
  return keepValid(part, primary, { types: userTypes, data }, dropped);
}

async function keepSubkey(
  part: SignedPart,
  primary: PublicKeyPacket,
  dropped: DroppedPart[],
): Promise<readonly Packet[]> {
  const subkey = new PublicSubkeyPacket();
  await subkey.read(part.packet.body);
  expectExact(subkey, part.packet);
  const types = [signature.subkeyBinding, signature.subkeyRevocation];
  return keepValid(part, primary, { types, data: { key: primary, bind: subkey }, subkey }, dropped);
}

/** A sentence that may be shown to the sender. */
function reasonOf(error: unknown): string {
  // The library verifies secp256k1 and Brainpool signatures through a module that it does not bring along.
  const isOtherCurve = error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND';
  return isOtherCurve ? 'signatures on its curve cannot be verified here' : messageOf(error);
}

/** Signatures hold for what was understood. Bytes beyond that would be a second copy of the same thing. */
function expectExact(understood: { write(): Uint8Array }, { body }: Packet): void {
  if (Buffer.compare(understood.write(), body) !== 0) throw new Error('it has bytes that mean nothing');
}

async function keepValid(
  part: SignedPart,
  primary: PublicKeyPacket,
  subject: Subject,
  dropped: DroppedPart[],
): Promise<readonly Packet[]> {
  const kept: Packet[] = [];
  for (const packet of part.signatures) {
    try {
      await verifySignature(packet, primary, subject);
      kept.push(packet);
    } catch (error) {
      dropped.push({ part: 'signature', reason: reasonOf(error) });
    }
  }
  return kept;
}

async function verifySignature(packet: Packet, primary: PublicKeyPacket, subject: Subject): Promise<void> {
  const found = new SignaturePacket();
  found.read(packet.body);
  const type = typeOf(found, subject.types);
  await verifyAsMade(found, primary, type, subject.data);
  if (subject.subkey && type === signature.subkeyBinding) await verifyConsent(found, subject.subkey, subject.data);
}

/** Without this check anyone could bind another's signing key to their own and pass its signatures off as theirs. */
async function verifyConsent(binding: SignaturePacket, subkey: PublicSubkeyPacket, data: object): Promise<void> {
  if (((binding.keyFlags?.[0] ?? 0) & mayCertifyOrSign) === 0) return;
  const consent = binding.embeddedSignature;
  if (!consent) throw new Error('the signing subkey has not signed back');
  await verifyAsMade(consent, subkey, typeOf(consent, [signature.keyBinding]), data);
}

/** Verifies as of the moment of signing: an expired signature is still its owner's word, and clients judge time. */
function verifyAsMade(found: SignaturePacket, signer: SignableKey, type: number, data: object): Promise<void> {
  return found.verify(signer, type, data, found.created ?? undefined);
}

function typeOf(found: SignaturePacket, allowed: readonly number[]): number {
  const type = found.signatureType;
  if (type === null || !allowed.includes(type)) throw new Error(`a signature of type ${type} does not belong there`);
  return type;
}
