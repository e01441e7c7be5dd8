import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { appliedLimits } from './applied-limits.ts';
import { type ChainOrder, commandLine } from './command-line.ts';

const order: ChainOrder = {
  group: undefined,
  uid: undefined,
  mounts: [],
  setpriv: undefined,
  rlimits: undefined,
  bubblewrap: undefined,
  environment: undefined,
  program: ['/bin/echo', 'it', 'runs'],
};
const bubblewrap = { path: '/usr/bin/bwrap', argumentsDescriptor: 6 };

/** Runs the whole command, and gives what its program says. */
const run = (over: Partial<ChainOrder>): string => {
  const [file = '', ...args] = commandLine({ ...order, ...over });
  return execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
};

it('is the program alone where no layer stands around it', () => {
  expect(commandLine(order)).toEqual(['/bin/echo', 'it', 'runs']);
});

it('starts one shell for groups and limits, then changes the user, then isolates', () => {
  const command = commandLine({
    ...order,
    group: { enter: ['not', 'this'], enterLines: [': enters'] },
    uid: 7,
    setpriv: '/usr/bin/setpriv',
    rlimits: appliedLimits(),
    bubblewrap,
  });
  expect(command.filter((part) => /^\/.*\/(sh|setpriv|bwrap)$/.test(part))).toEqual([
    '/bin/sh',
    '/usr/bin/setpriv',
    '/usr/bin/bwrap',
  ]);
  expect(command.indexOf('not')).toBe(-1);
});

it('goes through another program where a group can be entered only by that', () => {
  const group = { enter: ['/usr/bin/env', 'ENTERED=yes'] };
  expect(run({ group, program: ['/bin/sh', '-c', 'echo $ENTERED'] })).toBe('yes\n');
});

it('does not start the program when the group cannot be entered, or a limit not be set', () => {
  expect(() => run({ group: { enter: [], enterLines: ['echo 0 > /nowhere/at/all || exit 125'] } })).toThrow(/failed/);
  expect(() => run({ rlimits: appliedLimits({ openFiles: 2 ** 40 }) })).toThrow(/failed/);
});

it('sets the limits of the kernel', () => {
  const limits = { openFiles: 77, diskMB: 3, cpuSeconds: 5 };
  const program = ['/bin/cat', '/proc/self/limits'];
  const said = run({ rlimits: appliedLimits(limits), program });
  expect(said).toMatch(/Max open files\s+77\s+77/);
  expect(said).toMatch(/Max file size\s+3145728\s+3145728/);
  expect(said).toMatch(/Max cpu time\s+5\s+6/);
});

it('gives its own environment where bubblewrap cannot', () => {
  expect(run({ environment: { ONLY: 'this' }, program: ['/usr/bin/env'] })).toBe('ONLY=this\n');
});
