import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { expect, it } from 'vitest';

import { groupName, isLeftOver, ownerOf, thisHost } from './group-name.ts';

it('names a group after the process that made it, and finds that process in the name', () => {
  const host = { namespace: '4026531836', pid: 42, start: '1234567' };
  expect(groupName(host, 'spare-3')).toBe('hotswap-4026531836-42-1234567-spare-3');
  expect(ownerOf('hotswap-4026531836-42-1234567-spare-3')).toEqual(host);
});

it('takes no other name for one of its own', () => {
  for (const name of ['', 'hotswap', 'hotswap-host', 'docker', 'hotswap-1-x-3-name', 'other-1-2-3-name']) {
    expect(ownerOf(name)).toBeUndefined();
    expect(isLeftOver(name)).toBe(false);
  }
});

it.runIf(process.platform === 'linux')('counts groups of this process as living', () => {
  expect(isLeftOver(groupName(thisHost()!, 'one'))).toBe(false);
});

it.runIf(process.platform === 'linux')(
  'counts groups of a process that is gone, or whose pid was given again, as left over',
  async () => {
    const host = thisHost()!;
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    expect(isLeftOver(groupName({ ...host, pid: child.pid! }, 'one'))).toBe(true);
    expect(isLeftOver(groupName({ ...host, start: '1' }, 'one'))).toBe(true);
  },
);

it.runIf(process.platform === 'linux')('leaves groups of hosts in other process namespaces alone', () => {
  expect(isLeftOver(groupName({ ...thisHost()!, namespace: '1', start: '1' }, 'one'))).toBe(false);
});
