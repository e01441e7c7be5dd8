import { expect, it } from 'vitest';

import { parseHierarchies } from './hierarchies.ts';

it('finds the own group of each controller under version 1', () => {
  const { v1, v2 } = parseHierarchies(
    [
      '31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755',
      '32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct',
      '35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory',
    ].join('\n'),
    ['3:memory:/some/group', '2:cpu,cpuacct:/', '1:name=systemd:/', ''].join('\n'),
  );
  expect(Object.fromEntries(v1)).toEqual({
    memory: { mount: '/sys/fs/cgroup/memory', own: '/sys/fs/cgroup/memory/some/group' },
    cpu: { mount: '/sys/fs/cgroup/cpu,cpuacct', own: '/sys/fs/cgroup/cpu,cpuacct' },
    cpuacct: { mount: '/sys/fs/cgroup/cpu,cpuacct', own: '/sys/fs/cgroup/cpu,cpuacct' },
  });
  expect(v2).toBeUndefined();
});

it('finds the own group under version 2', () => {
  const { v1, v2 } = parseHierarchies(
    '24 18 0:21 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate',
    '0::/user.slice/user-1000.slice/user@1000.service/app.slice/host.scope\n',
  );
  expect(v1.size).toBe(0);
  expect(v2).toEqual({
    mount: '/sys/fs/cgroup',
    own: '/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/host.scope',
  });
});

it('finds groups where only a part of the hierarchy is mounted, as in a container, and none outside of it', () => {
  const mount = '24 18 0:21 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw';
  expect(parseHierarchies(mount, '0::/docker/abc').v2?.own).toBe('/sys/fs/cgroup');
  expect(parseHierarchies(mount, '0::/docker/abc/child').v2?.own).toBe('/sys/fs/cgroup/child');
  expect(parseHierarchies(mount, '0::/docker/abcd').v2).toBeUndefined();
});

it('reads folders whose names have blanks', () => {
  const mount = String.raw`24 18 0:21 / /my\040groups rw - cgroup2 cgroup2 rw`;
  expect(parseHierarchies(mount, '0::/').v2?.mount).toBe('/my groups');
});

it('finds nothing where nothing is mounted', () => {
  expect(parseHierarchies('', '')).toEqual({ v1: new Map(), v2: undefined });
  expect(parseHierarchies('', '0::/')).toEqual({ v1: new Map(), v2: undefined });
});
