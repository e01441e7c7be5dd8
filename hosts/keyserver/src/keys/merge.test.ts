import fc from 'fast-check';
import { expect, test } from 'vitest';
import { packetsOf } from '../openpgp/transferable-key.ts';
import type { SignedPart } from '../openpgp/transferable-key.ts';
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

test('loses no packet', () => {
  fc.assert(
    fc.property(anyKey, anyKey, (one, two) => {
      const kept = packetsOf(mergeKeys(one, two));
      for (const lost of packetsOf(one)) expect(kept).toContainEqual(lost);
      for (const lost of packetsOf(two)) expect(kept).toContainEqual(lost);
    }),
  );
});
