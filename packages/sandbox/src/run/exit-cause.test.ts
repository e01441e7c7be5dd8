import { expect, it } from 'vitest';
import { type EndedProcess, exitOf } from './exit-cause.ts';

const ended = (facts: Partial<EndedProcess>): EndedProcess => ({
  code: 0,
  signal: null,
  wasKilled: false,
  wasOutOfMemory: false,
  memoryMB: 64,
  cpuSeconds: undefined,
  cpuMs: undefined,
  ...facts,
});

it('reads an exit code above 128 as the signal it stands for, as those around the program report it', () => {
  expect(exitOf(ended({ code: 137 }))).toMatchObject({ code: null, signal: 'SIGKILL', cause: 'signal' });
  expect(exitOf(ended({ code: 128 }))).toMatchObject({ code: 128, signal: null, cause: 'exit' });
  expect(exitOf(ended({ code: 255 }))).toMatchObject({ code: 255, signal: null, cause: 'exit' });
});

it('says what its host did before what the kernel did', () => {
  expect(exitOf(ended({ code: 137, wasKilled: true, wasOutOfMemory: true })).cause).toBe('killed');
});

it('knows a limit of the processor by its signal, or by what was used', () => {
  const limited = { cpuSeconds: 2, code: null };
  expect(exitOf(ended({ ...limited, signal: 'SIGXCPU' })).cause).toBe('limit');
  expect(exitOf(ended({ ...limited, signal: 'SIGKILL', cpuMs: 2900 })).cause).toBe('limit');
  expect(exitOf(ended({ ...limited, signal: 'SIGKILL', cpuMs: 1100 })).cause).toBe('signal');
  expect(exitOf(ended({ code: null, signal: 'SIGKILL', cpuMs: 9000 })).cause).toBe('signal');
});

it('counts a file that is larger than allowed as a limit', () => {
  expect(exitOf(ended({ code: null, signal: 'SIGXFSZ' })).cause).toBe('limit');
});
