import { expect, test } from 'vitest';
import { makeKey } from '../../test/make-key.ts';
import { packetTag, readPackets, writePackets } from './packets.ts';

test('gives back the bytes it has read', async () => {
  const { publicKey } = await makeKey();
  const data = publicKey.write();
  const packets = readPackets(data, 100);
  expect(packets.map(({ tag }) => tag)).toEqual([6, 13, 2, 14, 2]);
  expect(Buffer.compare(writePackets(packets), data)).toBe(0);
});

test.each([0, 191, 192, 8383, 8384, 70_000])('writes and reads a body of %i bytes', (length) => {
  const body = new Uint8Array(length).fill(7);
  expect(readPackets(writePackets([{ tag: packetTag.userId, body }]), 1)).toEqual([
    { tag: packetTag.userId, body: Buffer.from(body) },
  ]);
});

test('reads headers of the old format', () => {
  const body = Buffer.from('ada');
  const short = Buffer.concat([Uint8Array.of(0x80 | (13 << 2), 3), body]);
  const long = Buffer.concat([Uint8Array.of(0x80 | (13 << 2) | 2, 0, 0, 0, 3), body]);
  expect(readPackets(Buffer.concat([short, long]), 2)).toEqual([
    { tag: 13, body },
    { tag: 13, body },
  ]);
});

test.each([
  ['text', Buffer.from('hello')],
  ['a length past the end', Uint8Array.of(0xcd, 9, 1)],
  ['a header that is cut short', Uint8Array.of(0xcd, 255, 0)],
  ['a packet in parts', Uint8Array.of(0xcd, 0xe1, 1, 2)],
  ['a packet without a length', Uint8Array.of(0x83, 1)],
])('refuses %s', (_, data) => {
  expect(() => readPackets(data, 10)).toThrow(expect.objectContaining({ code: 'KEY_MALFORMED' }));
});

test('stops at the limit of packets', () => {
  const data = new Uint8Array(40).map((_, index) => (index % 2 === 0 ? 0xcd : 0));
  expect(() => readPackets(data, 10)).toThrow(expect.objectContaining({ code: 'KEY_TOO_LARGE' }));
});
