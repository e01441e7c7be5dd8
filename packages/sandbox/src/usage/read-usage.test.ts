import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

import { afterEach, describe, expect, it } from 'vitest';

import { descendants, parseStat, type ProcessEntry, processTable } from './process-tree.ts';
import { parseCpu, parseMemory } from './process-usage.ts';
import { readUsage } from './read-usage.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const entry = (pid: number, parent: number, ended = false): ProcessEntry => ({ pid, parent, start: '1', ended });
const tableOf = (entries: readonly ProcessEntry[]): ReadonlyMap<number, ProcessEntry> =>
  new Map(entries.map((one) => [one.pid, one]));

it('finds every process that descends from one, without those that have ended', () => {
  const table = tableOf([entry(1, 0), entry(2, 1), entry(3, 2), entry(4, 2, true), entry(5, 4), entry(6, 1)]);
  const pids = descendants(table, [2]).map(({ pid }) => pid);
  expect(new Set(pids)).toEqual(new Set([2, 3, 5]));
  expect(descendants(table, [99])).toEqual([]);
});

it('comes to an end where the table has a circle', () => {
  // Read one by one, the lines of a table may be of different moments.
  expect(descendants(tableOf([entry(1, 2), entry(2, 1)]), [1])).toHaveLength(2);
});

it('reads processes whose names hold blanks and parentheses', () => {
  const rest = 'S 17 1 1 0 -1 0 0 0 0 0 5 6 7 8 20 0 1 0 4711 0 0';
  expect(parseStat(`42 (a) b) (c) ${rest}`)).toEqual({ pid: 42, parent: 17, start: '4711', ended: false });
  expect(parseStat('')).toBeUndefined();
  expect(parseCpu(`42 (a) b) ${rest}`)).toBe(260);
  expect(parseCpu('')).toBeUndefined();
});

it('counts memory that is the process’s own, also where it is shared or swapped out', () => {
  const status =
    'Name:\tnode\nVmRSS:\t  900 kB\nRssAnon:\t  100 kB\nRssFile:\t  770 kB\nRssShmem:\t   30 kB\nVmSwap:\t    5 kB\n';
  expect(parseMemory(status)).toBe(135 * 1024);
  expect(parseMemory('Name:\tkthreadd\n')).toBeUndefined();
});

describe.runIf(process.platform === 'linux')('on this machine', () => {
  it('finds this process in the table', () => {
    expect(processTable().get(process.pid)).toMatchObject({ pid: process.pid, parent: process.ppid, ended: false });
  });

  it('tells what a process and its child use', async () => {
    const script = `
      const child = require('node:child_process').spawn(process.execPath, ['-e', 'const k = Buffer.alloc(5e7, 1); console.log(1); setInterval(() => k, 1e3)']);
      child.stdout.once('data', () => console.log('ready'));`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    await once(child.stdout, 'data');
    const usage = await readUsage({ pid: child.pid! });
    expect(usage.processes).toBe(2);
    expect(usage.memoryBytes).toBeGreaterThan(50e6);
    expect(usage.cpuMs).toBeGreaterThan(10);
    expect(usage.openFiles).toBeGreaterThan(10);
    expect(usage.networkSentBytes).toBeUndefined();
    for (const { pid } of descendants(processTable(), [child.pid!])) process.kill(pid, 'SIGKILL');
  });

  it('tells nothing of a process that is gone', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    const usage = await readUsage({ pid: child.pid! });
    expect(new Set(Object.values(usage))).toEqual(new Set([undefined]));
  });

  const hasBubblewrap = spawnSync('bwrap', ['--version']).status === 0;
  const because = hasBubblewrap ? '' : ' (skipped: bubblewrap is not installed)';
  it.skipIf(!hasBubblewrap && process.env['CI'] !== 'true')(
    `tells how full the temp folder is that a process has for itself${because}`,
    async () => {
      const child = spawn(
        'bwrap',
        [
          '--unshare-all',
          '--die-with-parent',
          '--ro-bind',
          '/',
          '/',
          '--proc',
          '/proc',
          '--dev',
          '/dev',
          '--size',
          '8388608',
          '--tmpfs',
          '/tmp',
          '--',
          '/bin/sh',
          '-c',
          'head -c 3000000 /dev/zero > /tmp/full; echo ready; sleep 60',
        ],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      children.push(child);
      await once(child.stdout, 'data');
      const usage = await readUsage({ pid: child.pid!, folders: ['/tmp', '/usr'] });
      // The other folder is on a disk, whose size says nothing about this process.
      expect(usage.diskBytes).toBeGreaterThanOrEqual(3_000_000);
      expect(usage.diskBytes).toBeLessThan(3_100_000);
    },
  );
});
