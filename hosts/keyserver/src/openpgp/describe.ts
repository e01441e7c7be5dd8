import { PublicKeyPacket, PublicSubkeyPacket, SignaturePacket, enums } from 'openpgp';
import type { KeyFacts, SubkeyFacts, UserIdFacts } from '../keys/key.ts';
import { packetTag } from './packets.ts';
import type { SignedPart, TransferableKey } from './transferable-key.ts';

/** The signatures of one part: its newest self-signature, and when a revocation was made. */
interface Statement {
  readonly newest: SignaturePacket | undefined;
  readonly revokedAt: number | undefined;
}

const { signature } = enums;
const revocations: readonly (number | null)[] = [
  signature.keyRevocation,
  signature.subkeyRevocation,
  signature.certRevocation,
];

/** Sizes of the curves that have no modulus, as gpg prints them. */
const curveBits: Readonly<Record<string, number>> = {
  nistP256: 256,
  nistP384: 384,
  nistP521: 521,
  brainpoolP256r1: 256,
  brainpoolP384r1: 384,
  brainpoolP512r1: 512,
  secp256k1: 256,
  ed448: 448,
  x448: 448,
};

/** Reads the facts of a key whose parts have been verified. */
export async function describeKey(key: TransferableKey): Promise<KeyFacts> {
  const users = key.users.filter(({ packet }) => packet.tag === packetTag.userId);
  const primary = new PublicKeyPacket();
  await primary.read(key.primary.packet.body);
  const direct = readStatement(key.primary);
  const validity = [selfSignature(users), direct.newest].find((found) => found?.keyNeverExpires === false);
  return {
    ...describePacket(primary),
    ...expiry(primary.created, validity),
    // A revoked primary key never comes back, whatever it signs later.
    isRevoked: direct.revokedAt !== undefined,
    userIds: users.map(describeUser),
    attributeCount: key.users.length - users.length,
    subkeys: await Promise.all(key.subkeys.map(describeSubkey)),
  };
}

function describeUser(part: SignedPart): UserIdFacts {
  const { newest, revokedAt } = readStatement(part);
  const createdAt = timeOf(newest);
  const seconds = newest?.signatureNeverExpires === false ? newest.signatureExpirationTime : null;
  return {
    text: new TextDecoder().decode(part.packet.body),
    createdAt,
    ...(seconds === null ? {} : { expiresAt: createdAt + seconds * 1000 }),
    // A newer self-signature takes a user id back into use.
    isRevoked: revokedAt !== undefined && revokedAt >= createdAt,
  };
}

async function describeSubkey(part: SignedPart): Promise<SubkeyFacts> {
  const subkey = new PublicSubkeyPacket();
  await subkey.read(part.packet.body);
  const { newest, revokedAt } = readStatement(part);
  return { ...describePacket(subkey), ...expiry(subkey.created, newest), isRevoked: revokedAt !== undefined };
}

function describePacket(packet: PublicKeyPacket | PublicSubkeyPacket) {
  const { algorithm, bits, curve } = packet.getAlgorithmInfo();
  return {
    fingerprint: packet.getFingerprint().toUpperCase(),
    version: packet.version,
    algorithm: Number(packet.algorithm),
    bits: bits ?? curveBits[curve ?? algorithm] ?? 255,
    createdAt: packet.created.getTime(),
  };
}

/** The self-signature that speaks for the whole key: of the user id marked as primary, else the newest. */
function selfSignature(users: readonly SignedPart[]): SignaturePacket | undefined {
  return users
    .map(readStatement)
    .filter(({ newest, revokedAt }) => revokedAt === undefined || revokedAt < timeOf(newest))
    .flatMap(({ newest }) => newest ?? [])
    .toSorted(byWeight)[0];
}

function byWeight(a: SignaturePacket, b: SignaturePacket): number {
  return Number(b.isPrimaryUserID ?? false) - Number(a.isPrimaryUserID ?? false) || timeOf(b) - timeOf(a);
}

function readStatement({ signatures }: SignedPart): Statement {
  const all = signatures.map(({ body }) => {
    const found = new SignaturePacket();
    found.read(body);
    return found;
  });
  all.sort((a, b) => timeOf(b) - timeOf(a));
  const revocation = all.find(({ signatureType }) => revocations.includes(signatureType));
  return {
    newest: all.find(({ signatureType }) => !revocations.includes(signatureType)),
    revokedAt: revocation && timeOf(revocation),
  };
}

function timeOf(found: SignaturePacket | undefined): number {
  return found?.created?.getTime() ?? 0;
}

function expiry(created: Date, validity: SignaturePacket | undefined): { readonly expiresAt?: number } {
  const seconds = validity?.keyNeverExpires === false ? validity.keyExpirationTime : null;
  return seconds === null || seconds === undefined ? {} : { expiresAt: created.getTime() + seconds * 1000 };
}
