import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, it } from 'vitest';

import type { Cgroup } from '../cgroup.ts';
import { thisHost } from '../group-name.ts';
import { systemdDriver } from './systemd-driver.ts';

const host = { namespace: '1', pid: 2, start: '3' };
const unitOf = ({ enter }: Cgroup): string => enter.find((word) => word.startsWith('--unit='))?.slice(7) ?? '';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cgroup-systemd-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A test double of systemd: answers what it was given and notes what it was asked. It proves our reading of the manual. */
function double(answers: Readonly<Record<string, string>>) {
  const asked: string[] = [];
  const systemctl = async (args: readonly string[]): Promise<string> => {
    asked.push(args.join(' '));
    const answer = answers[args.find((arg) => answers[arg] !== undefined) ?? ''];
    if (answer === 'fails') throw new Error('Unit not loaded');
    return answer ?? '';
  };
  return { asked, systemctl };
}

it('starts a command in a scope of its own, with its limits', async () => {
  const group = await systemdDriver('/sys/fs/cgroup', host, 'user', double({}).systemctl).create('one', {
    memoryMB: 64,
    cpuPercent: 50,
    processes: 8,
  });
  expect(unitOf(group)).toMatch(/^hotswap-1-2-3-one-[0-9a-f]{8}\.scope$/);
  expect(group.enter.join(' ')).toBe(
    `systemd-run --user --scope --quiet --unit=${unitOf(group)} -p MemoryAccounting=yes -p CPUAccounting=yes ` +
      '-p TasksAccounting=yes -p IOAccounting=yes -p MemoryMax=67108864 -p MemorySwapMax=0 -p CPUQuota=50% -p TasksMax=8 --',
  );
});

it('changes limits while it runs, and says when systemd refuses', async () => {
  const { asked, systemctl } = double({});
  const group = await systemdDriver(root, host, 'system', systemctl).create('one', {});
  await group.limit({ memoryMB: 1 });
  expect(asked).toEqual([`set-property --runtime ${unitOf(group)} MemoryMax=1048576 MemorySwapMax=0`]);
  const refused = await systemdDriver(root, host, 'system', double({ 'set-property': 'fails' }).systemctl).create(
    'one',
    {},
  );
  await expect(refused.limit({ processes: 1 })).rejects.toMatchObject({ code: 'SANDBOX_LIMIT_REFUSED' });
});

it('reads the files of the group that systemd has made', async () => {
  mkdirSync(join(root, 'app.slice', 'x.scope'), { recursive: true });
  const put = (name: string, text: string): void => writeFileSync(join(root, 'app.slice', 'x.scope', name), text);
  put('cgroup.procs', '17\n42\n');
  put('pids.current', '2\n');
  put('memory.events', 'oom_kill 1\n');
  const { asked, systemctl } = double({ '--property=ControlGroup': `/app.slice/x.scope\n` });
  const group = await systemdDriver(root, host, 'user', systemctl).create('one', {});
  expect(await group.processes()).toEqual([17, 42]);
  expect(await group.usage()).toMatchObject({ processes: 2 });
  expect(asked).toHaveLength(1);
  rmSync(join(root, 'app.slice'), { recursive: true });
  expect(await group.wasOutOfMemory()).toBe(true);
});

it('asks systemd how a scope ended that is gone already', async () => {
  const { systemctl } = double({ '--property=Result': 'oom-kill\n' });
  const group = await systemdDriver(root, host, 'user', systemctl).create('one', {});
  expect(await group.wasOutOfMemory()).toBe(true);
});

it('ends a scope and forgets it, also one that is gone', async () => {
  const { asked, systemctl } = double({ kill: 'fails', stop: 'fails', 'reset-failed': 'fails' });
  const group = await systemdDriver(root, host, 'user', systemctl).create('one', {});
  await group.kill();
  await group.remove();
  const unit = unitOf(group);
  expect(asked.slice(-3)).toEqual([`kill --signal=SIGKILL ${unit}`, `stop ${unit}`, `reset-failed ${unit}`]);
});

it.runIf(process.platform === 'linux')('ends the scopes of hosts that are gone, and no others', async () => {
  const self = thisHost()!;
  const left = `hotswap-${self.namespace}-${self.pid}-1-one.scope`;
  const living = `hotswap-${self.namespace}-${self.pid}-${self.start}-one.scope`;
  const { asked, systemctl } = double({ 'list-units': `  ${left} loaded active running x\n${living} loaded active\n` });
  expect(await systemdDriver(root, self, 'user', systemctl).removeLeftovers()).toBe(1);
  expect(asked.slice(1)).toEqual([`kill --signal=SIGKILL ${left}`, `stop ${left}`, `reset-failed ${left}`]);
});
