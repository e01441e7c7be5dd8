import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import { v1Disk, v1Files } from './v1-files.ts';

/** A test double of the hierarchies: ordinary folders and files, with texts as the kernel writes them. */
let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cgroup-v1-'));
  for (const controller of ['memory', 'cpu,cpuacct', 'pids'])
    mkdirSync(join(root, controller, 'group'), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const double = (): ReadonlyMap<string, string> =>
  new Map([
    ['memory', join(root, 'memory')],
    ['cpu', join(root, 'cpu,cpuacct')],
    ['cpuacct', join(root, 'cpu,cpuacct')],
    ['pids', join(root, 'pids')],
  ]);
const put = (path: string, text: string): void => writeFileSync(join(root, path), text);

it('is one folder for each controller, and one where two are mounted together', () => {
  expect(v1Files(double(), 'group').folders.map((folder) => folder.slice(root.length))).toEqual([
    '/memory/group',
    '/cpu,cpuacct/group',
    '/pids/group',
  ]);
});

it('writes limits in bytes, microseconds of a period, and numbers', () => {
  put('memory/group/memory.limit_in_bytes', '9223372036854771712\n');
  put('memory/group/memory.memsw.limit_in_bytes', '9223372036854771712\n');
  const writes = v1Files(double(), 'group').limitWrites({ memoryMB: 64, cpuPercent: 150, processes: 8 });
  expect(writes.map(({ file, value }) => `${file.slice(root.length)} ${value}`)).toEqual([
    '/memory/group/memory.limit_in_bytes 67108864',
    '/memory/group/memory.memsw.limit_in_bytes 67108864',
    '/cpu,cpuacct/group/cpu.cfs_period_us 20000',
    '/cpu,cpuacct/group/cpu.cfs_quota_us 30000',
    '/pids/group/pids.max 8',
  ]);
});

it('raises the limit of memory and swap before that of memory alone', () => {
  put('memory/group/memory.limit_in_bytes', '1048576\n');
  put('memory/group/memory.memsw.limit_in_bytes', '1048576\n');
  const [first] = v1Files(double(), 'group').limitWrites({ memoryMB: 2 });
  expect(first?.file).toBe(join(root, 'memory/group/memory.memsw.limit_in_bytes'));
});

it('keeps a group from swapping where swap is not counted', () => {
  const writes = v1Files(double(), 'group').limitWrites({ memoryMB: 2 });
  expect(writes.at(-1)).toMatchObject({
    file: join(root, 'memory/group/memory.swappiness'),
    value: '0',
    optional: true,
  });
});

it('never asks for less of the processor than the kernel deals out', () => {
  const writes = v1Files(double(), 'group').limitWrites({ cpuPercent: 0.1 });
  expect(writes.at(-1)?.value).toBe('1000');
});

it('tells usage without what the kernel would drop first', () => {
  put('memory/group/memory.usage_in_bytes', '5000000\n');
  put('memory/group/memory.stat', 'cache 1\ninactive_file 1\ntotal_inactive_file 2000000\n');
  put('cpu,cpuacct/group/cpuacct.usage', '1500000000\n');
  put('pids/group/pids.current', '7\n');
  expect(v1Files(double(), 'group').usage()).toEqual({ memoryBytes: 3_000_000, cpuMs: 1500, processes: 7 });
});

it('tells nothing of a group that is gone', () => {
  rmSync(root, { recursive: true });
  const files = v1Files(double(), 'group');
  expect(files.usage()).toEqual({ memoryBytes: undefined, cpuMs: undefined, processes: undefined });
  expect(files.outOfMemoryKills()).toBe(0);
});

it('sums what all disks have read and written', () => {
  const text = '8:0 Read 4096\n8:0 Write 100\n8:0 Sync 1\n8:16 Read 4\n8:16 Write 1\n8:16 Total 5\nTotal 4201\n';
  expect(v1Disk(text)).toEqual({ diskReadBytes: 4100, diskWrittenBytes: 101 });
  expect(v1Disk('Total 0\n')).toEqual({ diskReadBytes: 0, diskWrittenBytes: 0 });
});

it('counts the processes that the kernel has killed for their memory', () => {
  put('memory/group/memory.oom_control', 'oom_kill_disable 0\nunder_oom 0\noom_kill 3\n');
  expect(v1Files(double(), 'group').outOfMemoryKills()).toBe(3);
});
