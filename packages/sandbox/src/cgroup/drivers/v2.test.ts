import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { v2Disk, v2Files } from './v2-files.ts';
import { findV2Place, openV2Place } from './v2-place.ts';

/**
 * A test double of the hierarchy: ordinary folders and files, with texts as the kernel writes them. It takes every write and
 * enforces nothing, so this proves our reading of the documentation, not a kernel.
 */
let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cgroup-v2-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function group(path: string, files: Readonly<Record<string, string>>): string {
  const folder = join(root, path);
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}
const controllers = {
  'cgroup.controllers': 'cpuset cpu io memory pids\n',
  'cgroup.subtree_control': '\n',
  'cgroup.procs': '',
};
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

it('makes groups below the own group of a user to whom it was delegated', () => {
  const own = group('app.slice/host.scope', controllers);
  expect(findV2Place({ mount: root, own }, { isRoot: false, hasSystemd: true })).toEqual({ folder: own });
});

it('finds the same group again when the host has moved into a child of it', () => {
  const own = group('host.scope', controllers);
  const moved = { mount: root, own: join(own, 'hotswap-host') };
  expect(findV2Place(moved, { isRoot: false, hasSystemd: true })).toEqual({ folder: own });
});

it('makes groups at the top for root, unless systemd owns it', () => {
  group('', controllers);
  const own = group('session.scope', controllers);
  const v2 = { mount: root, own };
  expect(findV2Place(v2, { isRoot: true, hasSystemd: false })).toEqual({ folder: root });
  expect(findV2Place(v2, { isRoot: true, hasSystemd: true })).toEqual({
    reason: `${own} is not delegated to this user`,
  });
});

it('makes groups in a container, whose own group is all it sees', () => {
  group('', controllers);
  expect(findV2Place({ mount: root, own: root }, { isRoot: true, hasSystemd: false })).toEqual({ folder: root });
});

it('says which controllers are missing, as where version 1 has them', () => {
  const own = group('', { ...controllers, 'cgroup.controllers': 'cpu hugetlb\n' });
  const place = findV2Place({ mount: root, own }, { isRoot: true, hasSystemd: false });
  expect(place).toEqual({ reason: `${root} has no controllers memory, pids` });
});

it('moves the processes of a group out of the way before its children get limits', () => {
  const own = group('host.scope', { ...controllers, 'cgroup.type': 'domain\n', 'cgroup.procs': '17\n42\n' });
  group('host.scope/hotswap-host', { 'cgroup.procs': '' });
  openV2Place(own);
  // A plain file keeps the last write at its beginning, where the kernel takes one after the other.
  expect(read('host.scope/hotswap-host/cgroup.procs')).toBe('42');
  expect(read('host.scope/cgroup.subtree_control').trim()).toBe('+memory +cpu +pids +io');
});

it('moves nobody at the top of the hierarchy, which has no type', () => {
  const own = group('', { ...controllers, 'cgroup.procs': '1\n' });
  openV2Place(own);
  expect(existsSync(join(own, 'hotswap-host'))).toBe(false);
});

it('leaves a group alone whose children have limits already', () => {
  const own = group('', {
    ...controllers,
    'cgroup.type': 'domain\n',
    'cgroup.subtree_control': 'cpu io memory pids\n',
  });
  openV2Place(own);
  expect(existsSync(join(own, 'hotswap-host'))).toBe(false);
  expect(read('cgroup.subtree_control')).toBe('cpu io memory pids\n');
});

it('writes limits in bytes, microseconds of a period, and numbers, and leaves no way out through swap', () => {
  const writes = v2Files('/group').limitWrites({ memoryMB: 64, cpuPercent: 50, processes: 8 });
  expect(writes.map(({ file, value }) => `${file} ${value}`)).toEqual([
    '/group/memory.max 67108864',
    '/group/memory.swap.max 0',
    '/group/memory.oom.group 1',
    '/group/cpu.max 10000 20000',
    '/group/pids.max 8',
  ]);
  expect(writes.filter(({ optional }) => optional === true)).toHaveLength(2);
});

it('tells usage without what the kernel would drop first', () => {
  const folder = group('one', {
    'memory.current': '5000000\n',
    'memory.stat': 'anon 1\ninactive_anon 7\nactive_file 1\ninactive_file 2000000\n',
    'memory.events': 'low 0\nhigh 0\nmax 4\noom 1\noom_kill 1\noom_group_kill 0\n',
    'cpu.stat': 'usage_usec 1500000\nuser_usec 1\nsystem_usec 1\n',
    'pids.current': '7\n',
    'io.stat': '8:0 rbytes=4096 wbytes=100 rios=1 wios=1 dbytes=5 dios=0\n8:16 rbytes=4 wbytes=1 rios=0 wios=0\n',
  });
  const files = v2Files(folder);
  expect(files.usage()).toEqual({
    memoryBytes: 3_000_000,
    cpuMs: 1500,
    processes: 7,
    diskReadBytes: 4100,
    diskWrittenBytes: 101,
  });
  expect(files.outOfMemoryKills()).toBe(1);
});

it('knows nothing of disks where they are not counted', () => {
  expect(v2Files(group('one', {})).usage()).not.toHaveProperty('diskReadBytes');
  expect(v2Disk('')).toEqual({ diskReadBytes: 0, diskWrittenBytes: 0 });
});
