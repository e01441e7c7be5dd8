import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';

import { afterEach, beforeAll, describe, expect, it } from 'vitest';

import { readUsage } from '../usage/read-usage.ts';
import type { Cgroup, CgroupDriver } from './cgroup.ts';
import { pollingDriver } from './drivers/polling-watch.ts';
import { type FoundCgroups, findCgroups } from './find-cgroups.ts';
import { groupName, thisHost } from './group-name.ts';
import { parseHierarchies } from './hierarchies.ts';
import { readPseudo } from './pseudo-files.ts';

const found = process.platform === 'linux' ? await findCgroups() : undefined;
const isUsed = found?.state.status === 'used';
const because = isUsed ? '' : ` (skipped: ${found?.state.error ?? 'this is not Linux'})`;
const mustRun = process.env['CI'] === 'true';

const groups: Cgroup[] = [];
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const group of groups.splice(0)) {
    await group.kill();
    await group.remove();
  }
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

let counter = 0;
async function makeGroup(driver: CgroupDriver, limits: Parameters<CgroupDriver['create']>[1]): Promise<Cgroup> {
  counter += 1;
  const group = await driver.create(`test-${counter}`, limits);
  groups.push(group);
  return group;
}

/** Starts a script of Node in a group. `ready`: it has said so, in its first line of output. */
function start(
  group: Cgroup,
  script: string,
): { child: ChildProcess; ready: Promise<string>; ended: Promise<number | null> } {
  const [file = '', ...args] = [...group.enter, process.execPath, '-e', script];
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  group.started(child.pid!);
  const ready = once(child.stdout, 'data').then(([data]: unknown[]) => String(data).trim());
  const ended = once(child, 'exit').then(([code]: unknown[]) => code as number | null);
  return { child, ready, ended };
}

const stay = 'setInterval(() => {}, 1000)';
const idle = `console.log("ready"); ${stay}`;
const fill = (megabytes: number): string =>
  `const kept = Buffer.alloc(${megabytes} * 1048576, 1); console.log("full"); ${stay}; kept`;

it.runIf(process.platform === 'linux')('says how groups are limited here, or what is lost for want of it', () => {
  const { driver, state } = found!;
  expect(state).toMatchObject({ layer: 'cgroup', how: driver.how });
  if (state.status === 'used') expect(driver.how).not.toBe('polling');
  else expect(Object.keys(state)).toEqual(expect.arrayContaining(['error', 'consequence', 'advice']));
});

describe(`a group of this host${because}`, { skip: !isUsed && !mustRun }, () => {
  let driver: FoundCgroups['driver'];
  beforeAll(() => {
    driver = found!.driver;
  });

  it('ends a process that takes more memory than the group may, and tells so afterwards', async () => {
    const group = await makeGroup(driver, { memoryMB: 96 });
    const { child, ended } = start(group, fill(200));
    await ended;
    expect(child.signalCode).toBe('SIGKILL');
    expect(await group.wasOutOfMemory()).toBe(true);
  });

  it('takes a process of usual size, and tells what it uses', async () => {
    const group = await makeGroup(driver, { memoryMB: 256, cpuPercent: 100, processes: 64 });
    const { child, ready } = start(group, fill(64));
    expect(await ready).toBe('full');
    expect(await group.wasOutOfMemory()).toBe(false);
    expect(await group.processes()).toContain(child.pid);
    const usage = await readUsage({ pid: child.pid!, group });
    expect(usage.memoryBytes).toBeGreaterThan(64 * 1024 * 1024);
    expect(usage.memoryBytes).toBeLessThan(200 * 1024 * 1024);
    expect(usage.cpuMs).toBeGreaterThan(5);
    expect(usage.processes).toBeGreaterThan(1);
    expect(usage.openFiles).toBeGreaterThan(5);
  });

  it('lets no more processes and threads start than it may', async () => {
    const group = await makeGroup(driver, { processes: 20 });
    const script = `
      const { spawn } = require('node:child_process');
      let living = 0;
      let open = 30;
      const settled = () => { if (--open === 0) { console.log(living); setInterval(() => {}, 1000); } };
      for (let i = 0; i < 30; i++) spawn('sleep', ['60'], { stdio: 'ignore' }).once('spawn', () => { living++; settled(); }).once('error', settled);`;
    const { ready } = start(group, script);
    const living = Number(await ready);
    expect(living).toBeGreaterThan(0);
    expect(living).toBeLessThan(20);
  });

  it('holds back the processor', async () => {
    const group = await makeGroup(driver, { cpuPercent: 20 });
    const { ready } = start(
      group,
      'const end = Date.now() + 1000; while (Date.now() < end); console.log(process.cpuUsage().user / 1000)',
    );
    expect(Number(await ready)).toBeLessThan(500);
  });

  it('changes limits while processes run, in both directions', async () => {
    const group = await makeGroup(driver, { memoryMB: 96 });
    await group.limit({ memoryMB: 300 });
    const { child, ready, ended } = start(
      group,
      `process.on('SIGUSR2', () => { globalThis.more = Buffer.alloc(4e8, 1); }); ${fill(150)}`,
    );
    expect(await ready).toBe('full');
    child.kill('SIGUSR2');
    await ended;
    expect(await group.wasOutOfMemory()).toBe(true);
  });

  it('refuses a limit that the kernel refuses', async () => {
    const group = await makeGroup(driver, {});
    await expect(group.limit({ processes: -5 })).rejects.toMatchObject({
      code: 'SANDBOX_LIMIT_REFUSED',
      kind: 'limit',
    });
  });

  it('makes two groups of one name, as two sandboxes of one process would', async () => {
    const [one, other] = [await driver.create('same', {}), await driver.create('same', {})];
    groups.push(one, other);
    const { ready } = start(one, idle);
    await ready;
    expect((await one.processes()).length).toBeGreaterThan(0);
    expect(await other.processes()).toEqual([]);
  });

  it('refuses a group that the kernel refuses, and leaves nothing of it behind', async () => {
    await expect(driver.create('no/such', {})).rejects.toMatchObject({ code: 'SANDBOX_GROUP_FAILED' });
    const mark = 'half-made';
    await expect(driver.create(mark, { processes: -5 })).rejects.toMatchObject({ code: 'SANDBOX_LIMIT_REFUSED' });
    expect(foldersOf(mark)).toEqual([]);
  });

  it('kills all of them, also those that start meanwhile, and is gone afterwards', async () => {
    const group = await makeGroup(driver, {});
    const again = `const { spawn } = require('node:child_process'); const one = () => { spawn('sleep', ['0.01']).once('exit', one).once('error', () => {}); }; for (let i = 0; i < 5; i++) one(); ${idle}`;
    const { ready, ended } = start(group, again);
    await ready;
    await group.kill();
    await ended;
    expect(await group.processes()).toEqual([]);
    await group.remove();
    await group.remove();
    expect(foldersOf(`test-${counter}`)).toEqual([]);
  });

  it('removes what a host that is gone has left behind, with the processes in it', async () => {
    const gone = { ...thisHost()!, start: '1' };
    const folders = ownFolders().map((folder) => `${folder}/${groupName(gone, 'left')}`);
    for (const folder of folders) mkdirSync(folder);
    const child = spawn('/bin/sh', [
      '-c',
      `for f in "$@"; do echo 0 > "$f/cgroup.procs"; done; echo in; exec sleep 60`,
      'sh',
      ...folders,
    ]);
    children.push(child);
    await once(child.stdout, 'data');
    expect(await driver.removeLeftovers()).toBeGreaterThan(0);
    expect(folders.filter((folder) => existsSync(folder))).toEqual([]);
    expect(child.signalCode ?? (await once(child, 'exit'))[1]).toBe('SIGKILL');
  });

  it('finds what was left behind in the group of another session', async () => {
    const other = ownFolders().map((folder) => `${folder}/hotswap-test-session-${process.pid}`);
    const left = other.map((folder) => `${folder}/${groupName({ ...thisHost()!, start: '1' }, 'left')}`);
    try {
      for (const folder of [...other, ...left]) mkdirSync(folder);
      expect(await driver.removeLeftovers()).toBeGreaterThan(0);
      expect(left.filter((folder) => existsSync(folder))).toEqual([]);
    } finally {
      for (const folder of [...left, ...other]) if (existsSync(folder)) rmdirSync(folder);
    }
  });
});

describe.runIf(process.platform === 'linux')('polling, the last resort', () => {
  const driver = pollingDriver();

  it('kills processes that together take more memory than they may', async () => {
    const group = await makeGroup(driver, { memoryMB: 64 });
    const { child, ended } = start(group, fill(150));
    await ended;
    expect(child.signalCode).toBe('SIGKILL');
    expect(await group.wasOutOfMemory()).toBe(true);
  });

  it('kills processes that are more than they may be', async () => {
    const group = await makeGroup(driver, { processes: 4 });
    const { child, ended } = start(
      group,
      `for (let i = 0; i < 8; i++) require('node:child_process').spawn('sleep', ['60']); ${idle}`,
    );
    await ended;
    expect(child.signalCode).toBe('SIGKILL');
    expect(await group.wasOutOfMemory()).toBe(false);
  });

  it('goes by the newest limits', async () => {
    const group = await makeGroup(driver, { memoryMB: 1 });
    await group.limit({ memoryMB: 500 });
    const { child, ready, ended } = start(group, fill(100));
    expect(await ready).toBe('full');
    expect((await group.usage()).memoryBytes).toBeGreaterThan(100 * 1024 * 1024);
    await group.limit({ memoryMB: 50 });
    await ended;
    expect(child.signalCode).toBe('SIGKILL');
  });

  it('tells usage summed over the processes that descend from the first', async () => {
    const group = await makeGroup(driver, {});
    const { child, ready } = start(
      group,
      `require('node:child_process').spawn('sleep', ['60']).once('spawn', () => { ${idle} })`,
    );
    await ready;
    // One reading of all processes serves for a moment.
    await expect.poll(async () => (await readUsage({ pid: child.pid!, group })).processes).toBe(2);
    const usage = await readUsage({ pid: child.pid!, group });
    expect(usage.memoryBytes).toBeGreaterThan(1024 * 1024);
    expect(usage.openFiles).toBeGreaterThan(8);
    await group.kill();
    expect(await group.processes()).toEqual([]);
  });

  it('leaves nothing behind', async () => {
    expect(await driver.removeLeftovers()).toBe(0);
  });
});

/** What there is of the groups of this process that have this name. */
function foldersOf(name: string): readonly string[] {
  const begin = `${groupName(thisHost()!, name)}-`;
  return ownFolders().flatMap((folder) => readdirSync(folder).filter((each) => each.startsWith(begin)));
}

/** The folders in which this host makes its groups. */
function ownFolders(): readonly string[] {
  const { v1, v2 } = parseHierarchies(readPseudo('/proc/self/mountinfo') ?? '', readPseudo('/proc/self/cgroup') ?? '');
  if (found?.driver.how !== 'cgroup v1') return v2 === undefined ? [] : [v2.own];
  return [...v1]
    .filter(([name]) => ['memory', 'cpu', 'cpuacct', 'pids', 'blkio'].includes(name))
    .map(([, { own }]) => own);
}
