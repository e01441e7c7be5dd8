import { fail } from '../errors.ts';
import type { Packet } from './packets.ts';
import { packetTag } from './packets.ts';
import { signatureType } from './signature-packet.ts';

/** A packet with the signatures that say something about it. */
export interface SignedPart {
  readonly packet: Packet;
  readonly signatures: readonly Packet[];
}

/** One public key taken apart: primary key, user ids and attributes, subkeys, each with its signatures. */
export interface TransferableKey {
  readonly primary: SignedPart;
  readonly users: readonly SignedPart[];
  readonly subkeys: readonly SignedPart[];
}

/** What one piece of data held. */
export interface KeyMaterial {
  readonly keys: readonly TransferableKey[];
  /** Signatures before any key: revocation certificates come like this. */
  readonly loose: readonly Packet[];
}

interface OpenPart {
  readonly packet: Packet;
  readonly signatures: Packet[];
}

interface OpenKey {
  readonly primary: OpenPart;
  readonly users: OpenPart[];
  readonly subkeys: OpenPart[];
}

/** Signature types that speak of the whole key, wherever they stand. */
const aboutPrimary: readonly (number | undefined)[] = [0x1f, 0x20];
const ignored: readonly number[] = [packetTag.marker, packetTag.trust, packetTag.padding];

/**
 * Groups packets into keys. Nothing is verified.
 *
 * @throws KEY_SECRET when a packet holds secret key material
 * @throws KEY_MALFORMED when a packet is no part of a public key
 */
export function groupPackets(packets: readonly Packet[]): KeyMaterial {
  const keys: OpenKey[] = [];
  const loose: Packet[] = [];
  let part: OpenPart | undefined;
  for (const packet of packets) {
    const key = keys.at(-1);
    if (packet.tag === packetTag.signature) signaturesFor(packet, key, part, loose).push(packet);
    else if (opensPart(packet)) part = openPart(packet, keys);
  }
  return { keys, loose };
}

/** The packets of a key in the order in which programs expect them. */
export function packetsOf(key: TransferableKey): readonly Packet[] {
  return [key.primary, ...key.users, ...key.subkeys].flatMap(({ packet, signatures }) => [packet, ...signatures]);
}

function signaturesFor(
  packet: Packet,
  key: OpenKey | undefined,
  part: OpenPart | undefined,
  loose: Packet[],
): Packet[] {
  if (key && aboutPrimary.includes(signatureType(packet))) return key.primary.signatures;
  return part?.signatures ?? loose;
}

function opensPart({ tag }: Packet): boolean {
  if (tag === packetTag.secretKey || tag === packetTag.secretSubkey) throw fail('KEY_SECRET');
  // Types from 40 on are by definition safe to skip.
  return tag < 40 && !ignored.includes(tag);
}

function openPart(packet: Packet, keys: OpenKey[]): OpenPart {
  const part: OpenPart = { packet, signatures: [] };
  if (packet.tag === packetTag.publicKey) keys.push({ primary: part, users: [], subkeys: [] });
  else placeOf(packet.tag, keys.at(-1)).push(part);
  return part;
}

function placeOf(tag: number, key: OpenKey | undefined): OpenPart[] {
  if (!key) throw fail('KEY_MALFORMED', { problem: `it begins with a packet of type ${tag}` });
  if (tag === packetTag.userId || tag === packetTag.userAttribute) return key.users;
  if (tag === packetTag.publicSubkey) return key.subkeys;
  throw fail('KEY_MALFORMED', { problem: `a packet of type ${tag} is no part of a public key` });
}
