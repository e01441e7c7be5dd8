import type { Packet } from './packets.ts';

/** The kind of a signature packet, readable without parsing it. */
export function signatureType({ body }: Packet): number | undefined {
  // Version 3 has a length octet between version and type.
  return body[0] === 3 ? body[2] : body[1];
}

/**
 * The part of a signature packet that its maker signed. The rest can be changed by anyone without breaking it, so two
 * packets with the same signed part say the same thing.
 */
export function signedPart({ body }: Packet): Uint8Array {
  const data = Buffer.from(body.buffer, body.byteOffset, body.length);
  if (body[0] === 4 && body.length >= 6) return body.subarray(0, 6 + data.readUInt16BE(4));
  if (body[0] === 6 && body.length >= 8) return body.subarray(0, 8 + data.readUInt32BE(4));
  return body;
}
