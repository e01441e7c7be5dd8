import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isIntact, seal, unseal } from './sealed-state.ts';

const exported = { schemaVersion: 2, bytes: new TextEncoder().encode('{"total":41}') };

describe('a sealed state', () => {
  it('gives back what was sealed, the same bytes and no copy', () => {
    const sealed = seal('counter', exported, 1_000);
    expect(sealed).toMatchObject({ plugin: 'counter', schemaVersion: 2, takenAt: 1_000 });
    expect(unseal(sealed)).toEqual(exported);
    expect(unseal(sealed).bytes).toBe(exported.bytes);
  });

  it('has the sum that any implementation gets: SHA-256 over name, version and bytes', () => {
    expect(seal('counter', { schemaVersion: 1, bytes: new Uint8Array() }).checksum).toBe(
      // printf '7:counter:1:' | sha256sum
      'e0fef4f631424727394fdeb55e97783cff1ceb1f316af9d02773eaec7551731c',
    );
  });

  it('is refused with plugin and place when one bit of it has changed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), fc.integer({ min: 0, max: 7 }), (bytes, at, bit) => {
        const sealed = seal('counter', { schemaVersion: 1, bytes });
        const flipped = bytes.slice();
        const index = at % flipped.length;
        flipped[index] = (flipped[index] ?? 0) ^ (1 << bit);
        expect(isIntact({ ...sealed, bytes: flipped })).toBe(false);
      }),
    );
    const changed = { ...seal('counter', exported), bytes: new Uint8Array(3) };
    expect(() => unseal(changed, 'a/file.state')).toThrow(
      expect.objectContaining({ code: 'STATE_CORRUPT', details: { plugin: 'counter', where: 'a/file.state' } }),
    );
  });

  it('is refused under another name or version: a state is never taken for that of another', () => {
    const sealed = seal('counter', exported);
    expect(isIntact({ ...sealed, plugin: 'other' })).toBe(false);
    expect(isIntact({ ...sealed, schemaVersion: 3 })).toBe(false);
  });

  it('tells names apart that hold what stands between name and version', () => {
    const { checksum } = seal('a', { schemaVersion: 11, bytes: new TextEncoder().encode('x') });
    expect(seal('a:1', { schemaVersion: 1, bytes: new TextEncoder().encode('x') }).checksum).not.toBe(checksum);
  });
});
