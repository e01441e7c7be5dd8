import { fail } from '../errors.ts';

/** One OpenPGP packet as it came over the wire: its type and its body, not yet understood. */
export interface Packet {
  readonly tag: number;
  readonly body: Uint8Array;
}

/** The packet types that this server has to tell apart (RFC 9580, section 5). */
export const packetTag = {
  signature: 2,
  secretKey: 5,
  publicKey: 6,
  secretSubkey: 7,
  marker: 10,
  trust: 12,
  userId: 13,
  publicSubkey: 14,
  userAttribute: 17,
  padding: 21,
} as const;

interface Framed {
  readonly packet: Packet;
  readonly end: number;
}

/**
 * Splits binary OpenPGP data into its packets, without copying the bodies.
 *
 * @throws KEY_MALFORMED when a length does not fit the data
 * @throws KEY_TOO_LARGE past `maxPackets`
 */
export function readPackets(data: Uint8Array, maxPackets: number): readonly Packet[] {
  const packets: Packet[] = [];
  for (let at = 0; at < data.length;) {
    if (packets.length === maxPackets) {
      throw fail('KEY_TOO_LARGE', { what: 'the number of packets', limit: maxPackets });
    }
    const { packet, end } = readPacket(data, at);
    packets.push(packet);
    at = end;
  }
  return packets;
}

/** Joins packets to binary data, with headers of the new format. */
export function writePackets(packets: readonly Packet[]): Uint8Array {
  return Buffer.concat(packets.flatMap(({ tag, body }) => [headerOf(tag, body.length), body]));
}

function readPacket(data: Uint8Array, at: number): Framed {
  const first = data[at] ?? 0;
  if ((first & 0x80) === 0) throw malformed(`a packet begins with the byte ${first}`);
  const tag = (first & 0x40) === 0 ? (first >> 2) & 0x0f : first & 0x3f;
  const { start, length } = (first & 0x40) === 0 ? oldLength(data, at, first & 3) : newLength(data, at);
  const end = start + length;
  if (end > data.length) throw malformed('the last packet is cut short');
  return { packet: { tag, body: data.subarray(start, end) }, end };
}

interface Length {
  readonly start: number;
  readonly length: number;
}

function oldLength(data: Uint8Array, at: number, kind: number): Length {
  if (kind === 3) throw malformed('a packet has no length');
  const width = 1 << kind;
  return { start: at + 1 + width, length: readNumber(data, at + 1, width) };
}

function newLength(data: Uint8Array, at: number): Length {
  const first = readNumber(data, at + 1, 1);
  if (first < 192) return { start: at + 2, length: first };
  if (first < 224) return { start: at + 3, length: ((first - 192) << 8) + readNumber(data, at + 2, 1) + 192 };
  if (first < 255) throw malformed('a packet comes in parts, which only messages may');
  return { start: at + 6, length: readNumber(data, at + 2, 4) };
}

function readNumber(data: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let index = at; index < at + width; index += 1) {
    const byte = data[index];
    if (byte === undefined) throw malformed('a packet header is cut short');
    value = value * 256 + byte;
  }
  return value;
}

function headerOf(tag: number, length: number): Uint8Array {
  const first = 0xc0 | tag;
  if (length < 192) return Uint8Array.of(first, length);
  if (length < 8384) return Uint8Array.of(first, ((length - 192) >> 8) + 192, (length - 192) & 0xff);
  const header = Buffer.alloc(6);
  header.writeUInt8(first);
  header.writeUInt8(255, 1);
  header.writeUInt32BE(length, 2);
  return header;
}

function malformed(problem: string): Error {
  return fail('KEY_MALFORMED', { problem });
}
