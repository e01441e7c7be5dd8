import { expect, it } from 'vitest';
import { type MountRules, refusalOf } from './mounts.ts';

const rules: MountRules = {
  allowed: [
    { source: '/srv/fonts' },
    { source: '/srv/spool', writable: true },
    { source: '/var/lib' },
    { source: '/' },
    { source: '/data' },
  ],
  guarded: ['/srv/hotswap/data', '/srv/me/engine.sock'],
};

it('lets through what the operator lists, and what lies in it', () => {
  expect(refusalOf({ source: '/srv/fonts' }, rules)).toBeUndefined();
  expect(refusalOf({ source: '/srv/fonts/serif/a.ttf', target: '/fonts/a.ttf' }, rules)).toBeUndefined();
  expect(refusalOf({ source: '/srv/spool', writable: true }, rules)).toBeUndefined();
});

it('refuses what is not listed, and writing where reading is', () => {
  const narrow = { ...rules, allowed: [{ source: '/srv/fonts' }] };
  expect(refusalOf({ source: '/srv/fonts-of-others' }, narrow)).toMatch(/no mount that is allowed has it for reading/);
  expect(refusalOf({ source: '/srv/fonts', writable: true }, narrow)).toMatch(/for writing/);
});

it.each([
  '/proc',
  '/proc/1/root',
  '/sys/fs/cgroup',
  '/dev/mem',
  '/run/docker.sock',
  '/var/run/docker.sock',
  '/var/lib/docker/volumes',
  '/srv/hotswap/data',
  '/srv/hotswap/data/cache',
  '/srv/me/engine.sock',
])('never gives away %s, whatever the operator lists', (source) => {
  expect(refusalOf({ source, target: '/inside' }, rules)).toBeDefined();
});

it.each(['/', '/srv/hotswap', '/srv', '/var', '/var/lib', '/srv/me'])(
  'nor a folder in which such things lie: %s',
  (source) => {
    expect(refusalOf({ source, target: '/inside' }, rules)).toBeDefined();
  },
);

it.each(['/', '/proc', '/usr', '/usr/bin/node', '/lib', '/run/hotswap/guard.cjs', '/tmp'])(
  'hides nothing of the container under a mount: %s',
  (target) => {
    expect(refusalOf({ source: '/srv/fonts', target }, rules)).toMatch(/the container's own/);
  },
);

it.each(['relative', '/srv/fonts/../hotswap/data', '/srv/fonts,readonly=false', '/srv/"fonts', '/srv/fonts\n'])(
  'takes no path that an engine could read otherwise: %j',
  (source) => {
    expect(refusalOf({ source }, rules)).toMatch(/absolute/);
  },
);
