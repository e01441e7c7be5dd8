import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeStorageBackend } from '@hotswap/test-kit';
import { createSystemClock } from '../system-clock.ts';
import { MemoryBackend } from './memory-backend.ts';
import { SqliteBackend } from './sqlite-backend.ts';
import { openNamespace } from './storage-backend.ts';

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hotswap-storage-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const newFile = (): string => join(folder, `${files++}`, 'storage.sqlite');
const open = (file: string): SqliteBackend => new SqliteBackend({ file, clock: createSystemClock() });

describeStorageBackend('in memory', async () => new MemoryBackend());
describeStorageBackend('in a SQLite file', async () => open(newFile()));

describe.each([
  ['in memory', () => new MemoryBackend({ maxNamespaceBytes: 100 })],
  [
    'in a SQLite file',
    () => new SqliteBackend({ file: newFile(), maxNamespaceBytes: 100, clock: createSystemClock() }),
  ],
] as const)('a namespace that may hold 100 bytes, %s', (_, make) => {
  const a = { plugin: 'a' };
  const put = (key: string, length: number) => [[key, new Uint8Array(length)]] as const;

  it('takes as much, keys included, and no more; what it has stays, and others are not concerned', async () => {
    const backend = make();
    expect(await backend.commit(a, [], put('one', 50))).toBe('committed');
    expect(await backend.commit(a, [], put('two', 45))).toBe('full');
    expect((await backend.read(a, 'two')).value).toBeUndefined();
    expect(await backend.commit(a, [], put('two', 44))).toBe('committed');
    expect(await backend.commit({ plugin: 'b' }, [], put('one', 90))).toBe('committed');
    await backend.close();
  });

  it('may be written again and emptied when it is full', async () => {
    const backend = make();
    await backend.commit(a, [], put('one', 97));
    expect(await backend.commit(a, [], put('one', 98))).toBe('full');
    expect(await backend.commit(a, [], put('one', 97))).toBe('committed');
    expect(await backend.commit(a, [], [['one', undefined]])).toBe('committed');
    expect(await backend.commit(a, [], put('two', 97))).toBe('committed');
    await backend.close();
  });
});

it('a namespace that is full is told with a code', async () => {
  const store = openNamespace(new MemoryBackend({ maxNamespaceBytes: 10 }), { plugin: 'a' });
  await expect(store.commit([], [['key', new Uint8Array(8)]])).rejects.toMatchObject({ code: 'STORAGE_FULL' });
});

it('what a SQLite file held before counts', async () => {
  const file = newFile();
  const clock = createSystemClock();
  const first = new SqliteBackend({ file, maxNamespaceBytes: 100, clock });
  await first.commit({ plugin: 'a' }, [], [['one', new Uint8Array(90)]]);
  await first.close();
  const second = new SqliteBackend({ file, maxNamespaceBytes: 100, clock });
  expect(await second.commit({ plugin: 'a' }, [], [['two', new Uint8Array(20)]])).toBe('full');
  await second.close();
});

describe('a SQLite file', () => {
  it('still holds every acknowledged write after its process was killed', async () => {
    const file = newFile();
    const writer = new URL('./fixtures/acknowledging-writer.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, ['--conditions=@hotswap/source', writer, file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const acknowledged: string[] = [];
    for await (const key of createInterface({ input: child.stdout })) {
      acknowledged.push(key);
      if (acknowledged.length === 50) child.kill('SIGKILL');
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    expect(child.signalCode).toBe('SIGKILL');
    const backend = open(file);
    const kept = new Set(await backend.list({ plugin: 'writer' }, '', 100_000));
    await backend.close();
    expect(acknowledged.filter((key) => !kept.has(key))).toEqual([]);
    expect(acknowledged.length).toBeGreaterThanOrEqual(50);
  });

  it('says STORAGE_UNAVAILABLE and why when the file is no database, then serves once it is repaired', async () => {
    const file = join(folder, 'broken.sqlite');
    await writeFile(file, 'this is text, and longer than the header of a database file would be'.repeat(4));
    const backend = open(file);
    await expect(backend.read({ plugin: 'a' }, 'x')).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringContaining('not a database'),
    });
    await rm(file);
    expect(await backend.read({ plugin: 'a' }, 'x')).toMatchObject({ version: 0 });
    await backend.close();
  });

  it('says STORAGE_UNAVAILABLE when its folder cannot be made', async () => {
    await writeFile(join(folder, 'file'), '');
    const backend = open(join(folder, 'file', 'storage.sqlite'));
    await expect(backend.list({ plugin: 'a' }, '', 1)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    await backend.close();
  });

  it('rejects a commit that does not fit on a full disk, and takes none of it', async () => {
    const backend = new SqliteBackend({ file: newFile(), clock: createSystemClock(), maxBytes: 100_000 });
    const namespace = { plugin: 'a' };
    await backend.commit(namespace, [], [['first', new Uint8Array(10)]]);
    const tooMuch = backend.commit(
      namespace,
      [],
      [
        ['second', new Uint8Array(10)],
        ['big', new Uint8Array(500_000)],
      ],
    );
    await expect(tooMuch).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      message: expect.stringContaining('full'),
    });
    expect(await backend.list(namespace, '', 10)).toEqual(['first']);
    await backend.close();
  });
});
