import { packetId } from '../openpgp/packets.ts';
import type { Packet } from '../openpgp/packets.ts';
import type { SignedPart, TransferableKey } from '../openpgp/transferable-key.ts';

/**
 * Joins two verified copies of one key. Nothing that either has is lost, and the order of merging does not matter
 * for the result's digest, so key servers and concurrent adds come to the same key.
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
    const id = packetId(part.packet);
    merged.set(id, mergePart(merged.get(id) ?? { packet: part.packet, signatures: [] }, part));
  }
  return [...merged.values()];
}

function mergePart(present: SignedPart, added: SignedPart): SignedPart {
  const signatures = new Map<string, Packet>();
  for (const packet of [...present.signatures, ...added.signatures]) signatures.set(packetId(packet), packet);
  return { packet: present.packet, signatures: [...signatures.values()] };
}
