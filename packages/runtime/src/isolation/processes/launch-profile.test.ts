import { expect, it } from 'vitest';
import { confinementOf, isSameProfile, needsOwnLaunch, profileOf, sumOfLimits } from './launch-profile.ts';

const usual = { memoryMB: 256, cpuPercent: 50, openFiles: 128 };
const owner = { plugin: 'shop', generation: 1 };

it('a plugin that says nothing gets what is usual', () => {
  expect(profileOf(owner, usual)).toEqual({ limits: usual, network: [], files: [], native: false });
  expect(needsOwnLaunch(profileOf(owner, usual), usual)).toBe(false);
});

it('a warm process is good for a plugin that may use less, or another share of a core', () => {
  const limits = { memoryMB: 64, cpuPercent: 200, graceMs: 1 };
  expect(needsOwnLaunch(profileOf({ ...owner, limits }, usual), usual)).toBe(false);
});

it.each([
  [{ network: ['api.example.com:443'] }],
  [{ files: ['/srv/data'] }],
  [{ native: true }],
  [{ limits: { memoryMB: 512, graceMs: 1 } }],
  [{ limits: { memoryMB: 64, openFiles: 64, graceMs: 1 } }],
])('what a running process cannot be given is launched for: %o', (rights) => {
  expect(needsOwnLaunch(profileOf({ ...owner, ...rights }, usual), usual)).toBe(true);
});

it('only who may reach something gets a way out', () => {
  const entry = '/guest.cjs';
  expect(confinementOf(profileOf(owner, usual), entry, true)).toEqual({
    program: { type: 'node', file: entry, args: ['spare'] },
    nodeFlags: ['--max-old-space-size=192'],
    read: [],
    limits: usual,
    native: false,
  });
  const reaching = profileOf({ ...owner, network: ['api.example.com:443'] }, usual);
  expect(confinementOf(reaching, entry, false)).toMatchObject({ egress: ['api.example.com:443'] });
});

it('those who share a process may use together what each of them may', () => {
  expect(sumOfLimits([usual, { ...usual, memoryMB: 64 }])).toEqual({ memoryMB: 320, cpuPercent: 100, openFiles: 128 });
});

it('limits make no difference to who may share a process, files do', () => {
  const one = profileOf(owner, usual);
  expect(isSameProfile(one, profileOf({ ...owner, limits: { memoryMB: 8, graceMs: 1 } }, usual))).toBe(true);
  expect(isSameProfile(one, profileOf({ ...owner, files: ['/srv'] }, usual))).toBe(false);
});
