import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packetsOf } from '../openpgp/transferable-key.ts';
import type { SignedPart } from '../openpgp/transferable-key.ts';
import { signedPart } from '../openpgp/signature-packet.ts';
import { digestOf } from './digest.ts';
import { mergeKeys } from './merge.ts';

const packet = (tag: number) =>
  fc.record({ tag: fc.constant(tag), body: fc.uint8Array({ minLength: 1, maxLength: 2 }) });
const part = (tag: number): fc.Arbitrary<SignedPart> =>
  fc.record({ packet: packet(tag), signatures: fc.array(packet(2), { maxLength: 4 }) });
const primary = fc.array(packet(2), { maxLength: 4 }).map((signatures) => ({
  packet: { tag: 6, body: Uint8Array.of(4) },
  signatures,
}));
const anyKey = fc.record({
  primary,
  users: fc.array(part(13), { maxLength: 4 }),
  subkeys: fc.array(part(14), { maxLength: 4 }),
});

type AnyKey = Parameters<typeof mergeKeys>[0];
const digest = (key: AnyKey) => digestOf(packetsOf(key));

test('comes to the same key whoever is merged into whom, and however often', () => {
  fc.assert(
    fc.property(anyKey, anyKey, anyKey, (one, two, three) => {
      const merged = mergeKeys(mergeKeys(one, two), three);
      expect(digest(mergeKeys(three, mergeKeys(two, one)))).toBe(digest(merged));
      expect(digest(mergeKeys(merged, one))).toBe(digest(merged));
    }),
  );
});

test('loses nothing that was signed', () => {
  fc.assert(
    fc.property(anyKey, anyKey, (one, two) => {
      const kept = packetsOf(mergeKeys(one, two)).map(signedPart);
      for (const lost of [...packetsOf(one), ...packetsOf(two)].map(signedPart)) expect(kept).toContainEqual(lost);
    }),
  );
});

test('keeps the shortest of the copies of a signature that differ only in what nobody signed', () => {
  const signature = (...unsigned: number[]) => ({ tag: 2, body: Uint8Array.of(4, 0x13, 22, 8, 0, 1, 9, ...unsigned) });
  const key = (...signatures: AnyKey['primary']['signatures']) => ({
    primary: { packet: { tag: 6, body: Uint8Array.of(4) }, signatures },
    users: [],
    subkeys: [],
  });
  const merged = mergeKeys(key(signature(5, 5, 5)), key(signature(5), signature(4, 4)));
  expect(merged.primary.signatures).toEqual([signature(5)]);
});
