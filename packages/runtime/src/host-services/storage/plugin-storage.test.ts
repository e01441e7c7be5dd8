import { describe, expect, it } from 'vitest';
import { MemoryBackend } from './memory-backend.ts';
import { createPluginStorage } from './plugin-storage.ts';
import { openNamespace } from './storage-backend.ts';
import type { NamespaceStore } from './storage-backend.ts';

function setUp(wrap: (store: NamespaceStore) => NamespaceStore = (store) => store) {
  const store = openNamespace(new MemoryBackend(), { plugin: 'a' });
  return { other: createPluginStorage(store), storage: createPluginStorage(wrap(store)) };
}

describe("a plugin's storage", () => {
  it('gives back what structuredClone can copy, and never the same object', async () => {
    const { storage } = setUp();
    const value = {
      when: new Date(0),
      bytes: Uint8Array.of(1, 2),
      tags: new Map([['a', new Set([1n])]]),
      none: undefined,
    };
    await storage.set('key', value);
    const copy = await storage.get<typeof value>('key');
    expect(copy).toEqual(value);
    expect(copy).not.toBe(value);
  });

  it('forgets a deleted key and tells a stored undefined from nothing by its list', async () => {
    const { storage } = setUp();
    await storage.set('a', undefined);
    await storage.set('b', 1);
    await storage.delete('b');
    expect(await storage.get('b')).toBeUndefined();
    expect(await storage.list()).toEqual(['a']);
  });

  it('adds up concurrent transactions without losing one', async () => {
    const { storage } = setUp();
    const addOne = () =>
      storage.transaction(async (tx) => {
        const seen = (await tx.get<number>('n')) ?? 0;
        tx.set('n', seen + 1);
        expect(await tx.get('n')).toBe(seen + 1);
      });
    await Promise.all([addOne(), addOne(), addOne(), addOne()]);
    expect(await storage.get('n')).toBe(4);
  });

  it('adds up a hundred at once, and those that begin meanwhile', async () => {
    const { storage } = setUp();
    const addOne = () => storage.transaction(async (tx) => tx.set('n', ((await tx.get<number>('n')) ?? 0) + 1));
    await Promise.all(Array.from({ length: 100 }, async () => [await addOne(), await addOne()]));
    expect(await storage.get('n')).toBe(200);
  });

  it('waits no longer than a moment for one that waits for another itself', async () => {
    const { storage, other } = setUp();
    let runs = 0;
    await storage.transaction(async (tx) => {
      const seen = (await tx.get<number>('n')) ?? 0;
      if (runs++ === 0) await other.set('n', 7);
      await storage.transaction((inner) => inner.set('inside', runs));
      tx.set('n', seen + 1);
    });
    expect([await storage.get('n'), await storage.get('inside'), runs]).toEqual([8, 2, 2]);
  });

  it('writes nothing when work throws', async () => {
    const { storage } = setUp();
    const work = storage.transaction((tx) => {
      tx.set('a', 1);
      throw new Error('changed my mind');
    });
    await expect(work).rejects.toThrow('changed my mind');
    expect(await storage.list()).toEqual([]);
  });

  it('gives up with STORAGE_CONFLICT after five conflicts', async () => {
    const { storage, other } = setUp();
    let runs = 0;
    const work = storage.transaction(async (tx) => {
      runs++;
      await tx.get('n');
      await other.set('n', runs);
      tx.set('n', -1);
    });
    await expect(work).rejects.toMatchObject({ code: 'STORAGE_CONFLICT' });
    expect(runs).toBe(5);
  });

  it('never shows work a mixture of before and after another commit', async () => {
    const { storage, other } = setUp();
    await other.set('left', 0);
    await other.set('right', 0);
    const seen: unknown[] = [];
    await storage.transaction(async (tx) => {
      const left = await tx.get('left');
      if (seen.length === 0 && left === 0) {
        await other.transaction((both) => (both.set('left', 1), both.set('right', 1)));
      }
      const right = await tx.get('right');
      seen.push([left, right]);
    });
    expect(seen).toEqual([[1, 1]]);
  });

  it('refuses keys, values and limits that cannot be stored', async () => {
    const { storage } = setUp();
    for (const key of ['', 'x'.repeat(513), 'é'.repeat(257), '\ud800']) {
      await expect(storage.set(key, 1)).rejects.toMatchObject({ code: 'STORAGE_KEY_INVALID' });
      await expect(storage.transaction((tx) => tx.delete(key))).rejects.toMatchObject({ code: 'STORAGE_KEY_INVALID' });
    }
    await expect(storage.set('big', 'x'.repeat(1_048_577))).rejects.toMatchObject({ code: 'STORAGE_VALUE_TOO_LARGE' });
    await expect(storage.set('code', () => 1)).rejects.toMatchObject({ code: 'VALUE_NOT_CLONEABLE' });
    await expect(storage.list('', { limit: 0 })).rejects.toMatchObject({ code: 'STORAGE_LIMIT_INVALID' });
    await storage.set('x'.repeat(512), 'x'.repeat(1_000_000));
  });
});
