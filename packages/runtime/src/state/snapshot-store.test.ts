import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Logger } from '@hotswap/sdk';
import { DiskSnapshotStore } from './disk-snapshot-store.ts';
import { silentLog } from '../host-services/logging/silent-log.ts';
import { MemorySnapshotStore } from './memory-snapshot-store.ts';
import { seal, type SealedState } from './sealed-state.ts';
import type { SnapshotSeries, SnapshotStore } from './snapshot-store.ts';

let root: string;
let folders = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'hotswap-snapshots-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const newFolder = (): string => join(root, `data-${folders++}`);
/** What a history refers to, by id. */
const referenced = new Set<string>();
const isReferenced = (_: string, id: string): boolean => referenced.has(id);
const open = (data: string, log: Logger = silentLog) => DiskSnapshotStore.open(data, { isReferenced, log });
/** A state whose version tells which one it is. */
const state = (version: number, plugin = 'counter'): SealedState =>
  seal(plugin, { schemaVersion: version, bytes: new Uint8Array(1_000).fill(version) });
const versionOf = (found: SealedState | undefined): number | undefined => found?.schemaVersion;

/** Puts states one after the other, each written before the next. */
async function putAll(store: SnapshotStore, states: readonly SealedState[], series: SnapshotSeries = 'change') {
  const ids: string[] = [];
  for (const sealed of states) {
    const { reference, written } = store.put(sealed, series);
    await written;
    ids.push(reference.id);
  }
  return ids;
}

const stateFiles = async (data: string, plugin = 'counter'): Promise<string[]> =>
  (await readdir(join(data, 'state', plugin))).toSorted();

const hasNamespaces = await canMount();
if (!hasNamespaces) console.warn('skipped: this machine does not let a test mount a small file system');

describe.each([
  ['in memory', async () => new MemorySnapshotStore(isReferenced)],
  ['on disk', () => open(newFolder())],
])('a snapshot store %s', (_, make) => {
  it('gives back the newest state of a plugin, bit for bit, and none of a plugin it does not know', async () => {
    await using store = await make();
    await putAll(store, [state(1), state(2), state(9, 'other')]);
    const latest = await store.latest('counter');
    expect(latest).toMatchObject({ plugin: 'counter', schemaVersion: 2, checksum: state(2).checksum });
    expect(Buffer.compare(latest!.bytes, state(2).bytes)).toBe(0);
    expect(await store.latest('stranger')).toBeUndefined();
  });

  it('gives a state back at once, while it is still being written', async () => {
    await using store = await make();
    const keepings = [1, 2, 3].map((version) => store.put(state(version), 'change'));
    expect(versionOf(await store.latest('counter'))).toBe(3);
    expect(versionOf(await store.find('counter', keepings[2]!.reference.id))).toBe(3);
    await Promise.all(keepings.map(({ written }) => written));
    expect(versionOf(await store.latest('counter'))).toBe(3);
  });

  it('keeps what a history refers to, however old, and of the rest the newest', async () => {
    await using store = await make();
    const ids = await putAll(store, [state(1)]);
    referenced.add(ids[0]!);
    ids.push(
      ...(await putAll(
        store,
        [2, 3, 4, 5, 6].map((version) => state(version)),
        'interval',
      )),
    );
    const kept = () => Promise.all(ids.map(async (id) => versionOf(await store.find('counter', id))));
    await expect.poll(async () => (await kept()).toSpliced(4, 1)).toEqual([1, undefined, undefined, undefined, 6]);
    expect(versionOf(await store.latest('counter'))).toBe(6);
    // Used up by a rollback: from the next snapshot on it is like any other.
    referenced.clear();
    await putAll(store, [state(7), state(8)]);
    await expect.poll(async () => (await kept())[0]).toBeUndefined();
  });
});

it('lets go of all but the newest state in memory once the plugin is gone', async () => {
  await using store = new MemorySnapshotStore(isReferenced);
  const [first] = await putAll(store, [state(1), state(2)]);
  store.release('counter');
  expect(await store.find('counter', first!)).toBeUndefined();
  expect(versionOf(await store.latest('counter'))).toBe(2);
});

describe('a snapshot store on disk', () => {
  it('still has its states after a restart, and goes on counting', async () => {
    const data = newFolder();
    const before = await open(data);
    const [first] = await putAll(before, [state(1), state(2)]);
    await before.close();
    await using store = await open(data);
    expect(versionOf(await store.latest('counter'))).toBe(2);
    expect(versionOf(await store.find('counter', first!))).toBe(1);
    const [next] = await putAll(store, [state(3)]);
    expect(next! > first!).toBe(true);
    expect(versionOf(await store.latest('counter'))).toBe(3);
  });

  it('keeps a plugin with a scope, and one with a hostile name, in a folder of its own below the state folder', async () => {
    const data = newFolder();
    await using store = await open(data);
    await putAll(store, [state(1, '@acme/x'), state(2, '../../x'), state(3, '..')]);
    expect((await readdir(join(data, 'state'))).toSorted()).toEqual(['%2E%2E', '%2E%2E%2F%2E%2E%2Fx', '%40acme%2Fx']);
    await using again = await open(data);
    expect(versionOf(await again.latest('@acme/x'))).toBe(1);
    expect(versionOf(await again.latest('../../x'))).toBe(2);
  });

  it('lets nobody but the owner read a state', async () => {
    const data = newFolder();
    await using store = await open(data);
    await putAll(store, [state(1)]);
    const [name] = await stateFiles(data);
    expect((await stat(join(data, 'state', 'counter', name!))).mode & 0o777).toBe(0o600);
    expect((await stat(join(data, 'state', 'counter'))).mode & 0o777).toBe(0o700);
  });

  it('writes a line of JSON and the bytes as they are', async () => {
    const data = newFolder();
    await using store = await open(data);
    await putAll(store, [state(7)]);
    const content = await readFile(join(data, 'state', 'counter', (await stateFiles(data))[0]!));
    const end = content.indexOf('\n');
    expect(JSON.parse(content.toString('utf8', 0, end))).toEqual({
      format: 1,
      plugin: 'counter',
      schemaVersion: 7,
      checksum: state(7).checksum,
      takenAt: expect.any(Number),
      sizeBytes: 1_000,
    });
    expect(new Uint8Array(content.subarray(end + 1))).toEqual(state(7).bytes);
  });

  const damages: readonly (readonly [string, (file: string) => Promise<void>, RegExp])[] = [
    ['has one wrong bit', flipLastByte, /checksum/],
    ['is half there', (file) => truncate(file, 600), /bytes of 1000/],
    ['is empty', (file) => truncate(file, 0), /first line/],
    ['is something else', (file) => writeFile(file, '{"format":2}\nxyz'), /first line/],
  ];
  it.each(damages)(
    'skips the newest state when its file %s, says so, and keeps it aside',
    async (_, damage, problem) => {
      const data = newFolder();
      const before = await open(data);
      const [, second] = await putAll(before, [state(1), state(2)]);
      await before.close();
      await damage(join(data, 'state', 'counter', `${second}.state`));
      const { log, lines } = recordingLog();
      await using store = await open(data, log);
      expect(versionOf(await store.latest('counter'))).toBe(1);
      expect(await stateFiles(data)).toContain(`${second}.state.corrupt`);
      expect(lines).toEqual([expect.stringMatching(/STATE_CORRUPT.*counter/)]);
      expect(lines[0]).toMatch(problem);
      // Told once: the file is out of the way.
      expect(versionOf(await store.latest('counter'))).toBe(1);
      expect(lines).toHaveLength(1);
    },
  );

  it('does not take a state of one plugin for that of another whose folder it was moved to', async () => {
    const data = newFolder();
    const before = await open(data);
    const [id] = await putAll(before, [state(1), state(2, 'other')]);
    await before.close();
    const file = (plugin: string, name: string) => join(data, 'state', plugin, name);
    await writeFile(file('other', `999999999999-change.state`), await readFile(file('counter', `${id}.state`)));
    await using store = await open(data);
    expect(versionOf(await store.latest('other'))).toBe(2);
  });

  it('removes at the next start what a crash left half written', async () => {
    const data = newFolder();
    const before = await open(data);
    await putAll(before, [state(1)]);
    await before.close();
    await writeFile(join(data, 'state', 'counter', '000000000002-change.state.tmp'), 'half');
    await using store = await open(data);
    expect(versionOf(await store.latest('counter'))).toBe(1);
    expect(await stateFiles(data)).toEqual(['000000000001-change.state']);
  });

  it('says STATE_UNREADABLE, and not "nothing there", when a state may not be read', async () => {
    const data = newFolder();
    const before = await open(data);
    const [id] = await putAll(before, [state(1)]);
    await before.close();
    const file = join(data, 'state', 'counter', `${id}.state`);
    await rm(file);
    await using store = await open(data);
    await writeFile(file, '');
    await using later = await open(data);
    await rm(file);
    // A folder in its place cannot be read by anyone, root included.
    await mkdir(file);
    await expect(later.latest('counter')).rejects.toMatchObject({ code: 'STATE_UNREADABLE' });
    expect(await store.latest('counter')).toBeUndefined();
  });

  it('says STATE_NOT_SAVED where a file stands in the way, keeps the state in memory, and saves again once it is gone', async () => {
    const data = newFolder();
    await using store = await open(data);
    await writeFile(data, '');
    const { written, reference } = store.put(state(1), 'change');
    await expect(written).rejects.toMatchObject({ code: 'STATE_NOT_SAVED', details: { plugin: 'counter' } });
    expect(versionOf(await store.latest('counter'))).toBe(1);
    expect(versionOf(await store.find('counter', reference.id))).toBe(1);
    await rm(data);
    await store.put(state(2), 'change').written;
    expect(versionOf(await store.latest('counter'))).toBe(2);
    expect(await stateFiles(data)).toEqual(['000000000002-change.state']);
  });

  it('gives up the oldest state that waits when the disk is slower than the changes, and never the newest', async () => {
    await using store = await open(newFolder());
    const keepings = Array.from({ length: 10 }, (_, index) => store.put(state(index + 1), 'change'));
    const outcomes = await Promise.allSettled(keepings.map(({ written }) => written));
    expect(outcomes.map(({ status }) => status)).toContain('rejected');
    expect(outcomes.slice(-3).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
    expect(versionOf(await store.latest('counter'))).toBe(10);
  });

  it(
    'reads back the newest acknowledged state after its process was killed at any moment',
    { timeout: 60_000 },
    async () => {
      for (const killAfter of [1, 2, 3, 5, 8, 12]) {
        const data = newFolder();
        const child = startWriter([process.execPath], [data, 'Infinity', '10000000']);
        let acknowledged = 0;
        for await (const line of createInterface({ input: child.stdout })) {
          acknowledged = Number(line.replace('saved ', ''));
          // In the middle of the next write: as soon as there is a file of it, whatever it is called.
          if (acknowledged === killAfter) {
            waitForFile(join(data, 'state', '%40acme%2Fcounter'), String(killAfter + 1).padStart(12, '0'));
            child.kill('SIGKILL');
          }
        }
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
        expect(child.signalCode).toBe('SIGKILL');
        const { log, lines } = recordingLog();
        await using store = await open(data, log);
        const latest = versionOf(await store.latest('@acme/counter')) ?? 0;
        expect(latest).toBeGreaterThanOrEqual(acknowledged);
        // Not even skipped as damaged: half a file never has the name of a whole one.
        expect(lines).toEqual([]);
        expect((await stateFiles(data, '%40acme%2Fcounter')).filter((name) => name.endsWith('.tmp'))).toEqual([]);
      }
    },
  );

  it.skipIf(!hasNamespaces && process.env['CI'] !== 'true')(
    'goes on in memory when a real disk is full, and loses nothing that was saved',
    async () => {
      const mount = await mkdtemp(join(root, 'mount-'));
      const script = `mount -t tmpfs -o size=1m none ${mount} && exec "$@"`;
      const child = startWriter(
        ['unshare', '-Urm', 'sh', '-c', script, 'sh', process.execPath],
        [mount, '12', '1000000'],
      );
      const lines: string[] = [];
      for await (const line of createInterface({ input: child.stdout })) lines.push(line);
      expect(lines[0]).toBe('saved 1');
      expect(lines.filter((line) => /^STATE_NOT_SAVED .*@acme\/counter.*ENOSPC/.test(line))).not.toEqual([]);
      expect(lines.at(-1)).toBe('latest 12');
    },
  );

  it('goes on in memory when a file may not grow any more', async () => {
    const child = startWriter(['sh', '-c', 'ulimit -f 100 && exec "$@"', 'sh', process.execPath], [newFolder(), '9']);
    const lines: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) lines.push(line);
    expect(lines.slice(0, 2)).toEqual(['saved 1', 'saved 2']);
    expect(lines.at(-2)).toMatch(/^STATE_NOT_SAVED .*EFBIG/);
    expect(lines.at(-1)).toBe('latest 9');
  });
});

function startWriter(command: readonly string[], args: readonly string[]) {
  const [program = '', ...before] = command;
  const writer = join(import.meta.dirname, 'fixtures/snapshot-writer.ts');
  const all = [...before, '--conditions=@hotswap/source', writer, ...args];
  return spawn(program, all, { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Without letting go of the thread: a turn of the event loop is longer than the write. */
function waitForFile(folder: string, start: string): void {
  const end = performance.now() + 5_000;
  while (!readdirSync(folder).some((name) => name.startsWith(start))) {
    if (performance.now() > end) throw new Error(`no file ${start} in ${folder}`);
  }
}

async function canMount(): Promise<boolean> {
  const child = spawn('unshare', ['-Urm', 'sh', '-c', 'mount -t tmpfs -o size=64k none /mnt'], { stdio: 'ignore' });
  const [code] = await once(child, 'close').catch(() => [1]);
  return code === 0;
}

async function flipLastByte(file: string): Promise<void> {
  const content = await readFile(file);
  content[content.length - 1] = (content.at(-1) ?? 0) ^ 1;
  await writeFile(file, content);
}

function recordingLog(): { readonly log: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const write = (...args: unknown[]): void => void lines.push(args.map((part) => JSON.stringify(part)).join(' '));
  return { log: { ...silentLog, warn: write, error: write }, lines };
}
