import { expect, it } from 'vitest';
import { containerExit, readState } from './container-state.ts';
import { appliedLimits } from '../launch/applied-limits.ts';

const megabyte = 1_048_576;

function inspected(state: object): string {
  return JSON.stringify([
    { State: { Pid: 0, ExitCode: 0, OOMKilled: false, StartedAt: '2026-11-21T11:09:03Z', ...state } },
  ]);
}

function exit(state: object, more: { peakBytes?: number; wasKilled?: boolean; cpuSeconds?: number } = {}) {
  const { peakBytes, wasKilled = false, cpuSeconds } = more;
  const limits = appliedLimits({ memoryMB: 64, ...(cpuSeconds !== undefined && { cpuSeconds }) });
  return containerExit({
    state: readState(inspected(state)),
    peakBytes,
    wasKilled,
    limits,
    lastError: 'a\nno such file\n',
  });
}

it('tells an exit code from a signal', () => {
  expect(exit({ ExitCode: 7 })).toMatchObject({ code: 7, signal: null, cause: 'exit' });
  expect(exit({ ExitCode: 139 })).toMatchObject({ code: null, signal: 'SIGSEGV', cause: 'signal' });
});

it('tells what was ended for its memory, also where the engine does not', () => {
  expect(exit({ ExitCode: 137, OOMKilled: true })).toMatchObject({ cause: 'memory' });
  expect(exit({ ExitCode: 137 }, { peakBytes: 64 * megabyte })).toMatchObject({ cause: 'memory' });
  expect(exit({ ExitCode: 137 }, { peakBytes: 63 * megabyte })).toMatchObject({ cause: 'signal' });
  expect(exit({ ExitCode: 0 }, { peakBytes: 64 * megabyte })).toMatchObject({ cause: 'exit' });
});

it('tells what used up its seconds on a core', () => {
  expect(exit({ ExitCode: 152 }, { cpuSeconds: 2 })).toMatchObject({ cause: 'limit', signal: 'SIGXCPU' });
});

it('counts what its host ended as nothing else', () => {
  expect(exit({ ExitCode: 137, OOMKilled: true }, { wasKilled: true })).toMatchObject({ cause: 'killed' });
});

it('says why a container never started', () => {
  const never = { StartedAt: '0001-01-01T00:00:00Z', ExitCode: 127 };
  expect(exit(never).detail).toBe('the engine did not start it: no such file');
  expect(exit({ ...never, Error: 'no node in it' }).detail).toBe('the engine did not start it: no node in it');
});
