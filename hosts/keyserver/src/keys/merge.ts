import type { Packet } from '../openpgp/packets.ts';
import { signedPart } from '../openpgp/signature-packet.ts';
import type { SignedPart, TransferableKey } from '../openpgp/transferable-key.ts';

/**
 * Joins two verified copies of one key. Nothing that its owner signed is lost, and the order of merging does not
 * matter for the result's digest, so key servers and concurrent adds come to the same key.
 */
export function mergeKeys(present: TransferableKey, added: TransferableKey): TransferableKey {
  return {
    primary: mergePart(present.primary, added.primary),
    users: mergeParts(present.users, added.users),
    subkeys: mergeParts(present.subkeys, added.subkeys),
  };
}

/** Also joins parts and signatures that one copy holds twice. */
function mergeParts(present: readonly SignedPart[], added: readonly SignedPart[]): readonly SignedPart[] {
  const merged = new Map<string, SignedPart>();
  for (const part of [...present, ...added]) {
    const id = `${part.packet.tag}:${bytesId(part.packet.body)}`;
    merged.set(id, mergePart(merged.get(id) ?? { packet: part.packet, signatures: [] }, part));
  }
  return [...merged.values()];
}

/**
 * Of packets with the same signed part the shortest is kept: what others hung onto a signature, to make a key grow,
 * falls off again.
 */
function mergePart(present: SignedPart, added: SignedPart): SignedPart {
  const signatures = new Map<string, Packet>();
  for (const packet of [...present.signatures, ...added.signatures]) {
    const id = bytesId(signedPart(packet));
    const known = signatures.get(id);
    if (!known || isSimpler(packet, known)) signatures.set(id, packet);
  }
  return { packet: present.packet, signatures: [...signatures.values()] };
}

function isSimpler(one: Packet, other: Packet): boolean {
  return (one.body.length - other.body.length || Buffer.compare(one.body, other.body)) < 0;
}

function bytesId(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}
