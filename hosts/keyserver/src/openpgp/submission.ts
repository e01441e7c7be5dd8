import { fail } from '../errors.ts';
import { readArmors } from './armor.ts';
import { readPackets } from './packets.ts';
import type { Packet } from './packets.ts';
import { signatureType } from './signature-packet.ts';
import { groupPackets } from './transferable-key.ts';
import type { KeyMaterial } from './transferable-key.ts';

/** How much one request may bring, and how large one key may become. */
export interface SubmissionLimits {
  readonly maxArmorBytes: number;
  readonly maxPackets: number;
  readonly maxKeys: number;
  readonly maxKeyBytes: number;
}

export const defaultLimits: SubmissionLimits = {
  maxArmorBytes: 8 * 1024 * 1024,
  maxPackets: 5_000,
  maxKeys: 100,
  maxKeyBytes: 512 * 1024,
};

const keyRevocation = 0x20;

/**
 * Reads the text of one post: any number of armored keys and bare revocation certificates. Nothing is verified yet.
 *
 * @throws ARMOR_INVALID, KEY_MALFORMED, KEY_SECRET, KEY_TOO_LARGE: one bad block refuses the whole post
 */
export function readSubmission(text: string, limits: SubmissionLimits): KeyMaterial {
  if (text.length > limits.maxArmorBytes) {
    throw fail('KEY_TOO_LARGE', { what: 'the armored text', limit: limits.maxArmorBytes });
  }
  const blocks = readArmors(text).map((data) => groupPackets(readPackets(data, limits.maxPackets)));
  const keys = blocks.flatMap((block) => block.keys);
  const loose = blocks.flatMap((block) => block.loose);
  if (keys.length + loose.length === 0) throw fail('KEY_MALFORMED', { problem: 'it is empty' });
  if (keys.length + loose.length > limits.maxKeys) {
    throw fail('KEY_TOO_LARGE', { what: 'the number of keys', limit: limits.maxKeys });
  }
  return { keys, loose: loose.map(expectRevocation) };
}

function expectRevocation(packet: Packet): Packet {
  if (signatureType(packet) === keyRevocation) return packet;
  throw fail('KEY_MALFORMED', { problem: 'it is a signature, but no revocation of a key' });
}
