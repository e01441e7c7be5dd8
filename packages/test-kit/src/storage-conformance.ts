import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** What the suite needs of a backend; the runtime's `StorageBackend` has this shape. */
export interface ConformingBackend {
  read(
    namespace: { readonly plugin: string; readonly tenant?: string | undefined },
    key: string,
  ): Promise<{ readonly value: Uint8Array | undefined; readonly version: number }>;
  list(
    namespace: { readonly plugin: string; readonly tenant?: string | undefined },
    prefix: string,
    limit: number,
  ): Promise<readonly string[]>;
  commit(
    namespace: { readonly plugin: string; readonly tenant?: string | undefined },
    reads: readonly (readonly [string, number])[],
    writes: readonly (readonly [string, Uint8Array | undefined])[],
  ): Promise<'committed' | 'conflict' | 'full'>;
  close(): Promise<void>;
}

const a = { plugin: 'a' };
const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

/** The behaviour that every storage backend has. `factory` makes an empty one for each test. */
export function describeStorageBackend(name: string, factory: () => Promise<ConformingBackend>): void {
  describe(`storage backend ${name}`, () => {
    let backend: ConformingBackend;
    beforeEach(async () => {
      backend = await factory();
    });
    afterEach(() => backend.close());

    it('gives back the bytes it was given, empty ones too', async () => {
      await backend.commit(
        a,
        [],
        [
          ['full', bytes(0, 1, 255)],
          ['empty', bytes()],
        ],
      );
      expect([...((await backend.read(a, 'full')).value ?? [])]).toEqual([0, 1, 255]);
      expect((await backend.read(a, 'empty')).value).toHaveLength(0);
    });

    it('answers an absent key with no value and version 0', async () => {
      expect(await backend.read(a, 'nothing')).toEqual({ value: undefined, version: 0 });
    });

    it('keeps plugins and tenants apart, whatever they are called', async () => {
      const spaces = [
        a,
        { plugin: 'b' },
        { plugin: 'a', tenant: '' },
        { plugin: 'a', tenant: 'b' },
        { plugin: 'a', tenant: 't:b' },
      ];
      for (const [index, space] of spaces.entries()) await backend.commit(space, [], [['key', bytes(index)]]);
      for (const [index, space] of spaces.entries()) expect((await backend.read(space, 'key')).value?.[0]).toBe(index);
    });

    it('lists keys in code-point order, by prefix and up to the limit', async () => {
      const keys = ['b', 'a/2', 'a/\u{1F511}', 'a/\uFF5E', 'a', 'a/1', 'a0'];
      await backend.commit(
        a,
        [],
        keys.map((key) => [key, bytes()] as const),
      );
      expect(await backend.list(a, '', 100)).toEqual(['a', 'a/1', 'a/2', 'a/\uFF5E', 'a/\u{1F511}', 'a0', 'b']);
      expect(await backend.list(a, 'a/', 100)).toEqual(['a/1', 'a/2', 'a/\uFF5E', 'a/\u{1F511}']);
      expect(await backend.list(a, 'a/', 2)).toEqual(['a/1', 'a/2']);
      expect(await backend.list(a, 'c', 100)).toEqual([]);
    });

    it('refuses a commit whose reads have changed, and writes none of it', async () => {
      await backend.commit(a, [], [['x', bytes(1)]]);
      const { version } = await backend.read(a, 'x');
      await backend.commit(a, [], [['x', bytes(2)]]);
      expect(
        await backend.commit(
          a,
          [['x', version]],
          [
            ['x', bytes(3)],
            ['y', bytes(3)],
          ],
        ),
      ).toBe('conflict');
      expect((await backend.read(a, 'x')).value?.[0]).toBe(2);
      expect((await backend.read(a, 'y')).value).toBeUndefined();
    });

    it('notices a key that appeared after it was read as absent', async () => {
      await backend.commit(a, [], [['x', bytes(1)]]);
      expect(await backend.commit(a, [['x', 0]], [['x', bytes(2)]])).toBe('conflict');
    });

    it('never gives a key the version of its deleted forerunner', async () => {
      await backend.commit(a, [], [['x', bytes(1)]]);
      const before = await backend.read(a, 'x');
      await backend.commit(a, [], [['x', undefined]]);
      await backend.commit(a, [], [['x', bytes(1)]]);
      expect(await backend.commit(a, [['x', before.version]], [])).toBe('conflict');
    });

    it('lets exactly one of many commits over the same read win', async () => {
      const attempts = Array.from({ length: 20 }, (_, index) => backend.commit(a, [['x', 0]], [['x', bytes(index)]]));
      const outcomes = await Promise.all(attempts);
      expect(outcomes.filter((outcome) => outcome === 'committed')).toHaveLength(1);
    });

    it('fails with STORAGE_UNAVAILABLE once it is closed, and can be closed twice', async () => {
      await backend.commit(a, [], [['x', bytes(1)]]);
      await backend.close();
      await backend.close();
      await expect(backend.read(a, 'x')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
      await expect(backend.commit(a, [], [])).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    });
  });
}
