import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { SqliteStore } from './sqlite-store.ts';
import type { StoreCall } from './sqlite-store.ts';
import type { Namespace, ReadCheck, Write } from './storage-backend.ts';

let folder: string;
let file: string;
let store: SqliteStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hotswap-store-'));
  file = join(folder, 'storage.sqlite');
  store = new SqliteStore({ file, maxBytes: 100_000 });
});
afterEach(async () => {
  store.close();
  await rm(folder, { recursive: true });
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const commit = (writes: readonly Write[], reads: readonly ReadCheck[] = [], namespace: Namespace = { plugin: 'a' }) =>
  ({ type: 'commit', namespace, reads, writes }) satisfies StoreCall;
const read = (key: string, namespace: Namespace = { plugin: 'a' }) =>
  ({ type: 'read', namespace, key }) satisfies StoreCall;
const list = (prefix: string, limit = 10) =>
  ({ type: 'list', namespace: { plugin: 'a' }, prefix, limit }) satisfies StoreCall;

it('answers the calls of one turn in their order, each after what the ones before it wrote', () => {
  const [first, entry, stale, removed, gone] = store.run([
    commit([['x', bytes('1')]]),
    read('x'),
    commit([['x', bytes('2')]], [['x', 7]]),
    commit([['x', undefined]], [['x', 1]]),
    read('x'),
  ]);
  expect([first, stale, removed]).toEqual(['committed', 'conflict', 'committed']);
  expect(entry).toMatchObject({ version: 1 });
  expect(gone).toEqual({ value: undefined, version: 0 });
});

it('takes back the whole turn when one call does not fit, and serves the next', () => {
  store.run([commit([['kept', bytes('1')]])]);
  expect(() => store.run([commit([['lost', bytes('1')]]), commit([['big', new Uint8Array(500_000)]])])).toThrow(/full/);
  expect(store.run([list('')])).toEqual([['kept']]);
  expect(store.run([commit([['next', bytes('1')]])])).toEqual(['committed']);
});

it('lists by prefix and in the order of the code points, also beyond ASCII', () => {
  store.run([commit(['b', 'aé', 'a😀', 'a', 'aa'].map((key) => [key, bytes('')] as const))]);
  expect(store.run([list('a'), list('a', 2), list('aé'), list('z')])).toEqual([
    ['a', 'aa', 'aé', 'a😀'],
    ['a', 'aa'],
    ['aé'],
    [],
  ]);
});

it('keeps plugins and tenants apart, the tenant without a name too', () => {
  const spaces: Namespace[] = [
    { plugin: 'a' },
    { plugin: 'b' },
    { plugin: 'a', tenant: '' },
    { plugin: 'a', tenant: 't' },
  ];
  store.run(spaces.map((space, index) => commit([['k', bytes(String(index))]], [], space)));
  const values = store.run(spaces.map((space) => read('k', space)));
  expect(values).toMatchObject(spaces.map((_, index) => ({ value: bytes(String(index)) })));
});

it('goes on where the file was left, and never gives a version twice', () => {
  store.run([commit([['x', bytes('1')]]), commit([['x', undefined]])]);
  store.close();
  store = new SqliteStore({ file });
  store.run([commit([['x', bytes('2')]])]);
  expect(store.run([read('x')])).toMatchObject([{ version: 3 }]);
});

it('only checks when there is nothing to write', () => {
  store.run([commit([['x', bytes('1')]])]);
  expect(store.run([commit([], [['x', 1]]), commit([], [['x', 2]])])).toEqual(['committed', 'conflict']);
});
