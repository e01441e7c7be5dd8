import { createHash } from 'node:crypto';
import type { Packet } from '../openpgp/packets.ts';

/**
 * The digest by which SKS key servers name one exact state of a key: MD5 over its packets, each with type and length,
 * sorted. It tells states apart; nothing trusts it.
 */
export function digestOf(packets: readonly Packet[]): string {
  const hash = createHash('md5');
  for (const { tag, body } of packets.toSorted(byTagThenBody)) {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(tag);
    head.writeUInt32BE(body.length, 4);
    hash.update(head).update(body);
  }
  return hash.digest('hex');
}

function byTagThenBody(a: Packet, b: Packet): number {
  return a.tag - b.tag || Buffer.compare(a.body, b.body);
}
