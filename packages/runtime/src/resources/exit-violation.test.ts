import { expect, it } from 'vitest';
import { violationOfExit } from './exit-violation.ts';
import { fail } from '../errors.ts';

const limits = { memoryMB: 64, cpuPercent: 50, threads: 8, files: 100, diskMB: 32 };
const exit = (cause: string, reason = 'it did'): Error => fail('ISOLATE_EXITED', { plugin: 'a', reason, cause });

it.each([
  ['memory', 'it did', { resource: 'memory', limit: 64 }],
  ['unresponsive', 'it did', { resource: 'time', limit: 1_000 }],
  ['limit', 'it wrote a file larger than its disk limit', { resource: 'disk', limit: 32 }],
  ['limit', 'it used more than 3 s of processor time', { resource: 'cpu', limit: 50 }],
] as const)('an end by %s is a violation: %s', (cause, reason, expected) => {
  expect(violationOfExit(exit(cause, reason), limits, 1_000)).toMatchObject({ ...expected, detail: reason });
});

it.each(['exit', 'error', 'signal', 'flood', 'broken'])('an end by %s is none', (cause) => {
  expect(violationOfExit(exit(cause), limits, 1_000)).toBeUndefined();
});

it('neither is another error', () => {
  expect(violationOfExit(new Error('no'), limits, 1_000)).toBeUndefined();
});
