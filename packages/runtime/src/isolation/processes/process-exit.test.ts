import type { ConfinedExit } from '@hotswap/sandbox';
import { expect, it } from 'vitest';
import { placeExitOf } from './process-exit.ts';

const exit = (change: Partial<ConfinedExit>): ConfinedExit => ({
  code: null,
  signal: null,
  cause: 'exit',
  detail: 'the sandbox says so',
  ...change,
});

it.each([
  ['a code of its own', exit({ code: 3 }), [], 'exit', 'it ended itself with code 3'],
  ['a signal', exit({ signal: 'SIGSEGV', cause: 'signal' }), [], 'signal', 'signal SIGSEGV ended it'],
  ['a kill by somebody', exit({ signal: 'SIGKILL', cause: 'signal' }), [], 'signal', 'signal SIGKILL ended it'],
  ['the kernel, for memory', exit({ signal: 'SIGKILL', cause: 'memory' }), [], 'memory', 'the sandbox says so'],
  ['another limit', exit({ signal: 'SIGXCPU', cause: 'limit' }), [], 'limit', 'the sandbox says so'],
  [
    'a full heap',
    exit({ signal: 'SIGABRT', cause: 'signal' }),
    ['FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory'],
    'memory',
    'its heap was full: signal SIGABRT ended it',
  ],
] as const)('the end by %s is told as what it is', (_, how, lines, reason, detail) => {
  expect(placeExitOf(how, lines)).toEqual({ reason, detail, lastLines: lines });
});

it('a process that ends well is not taken for one whose heap was full, whatever it wrote', () => {
  const lines = ['I read about JavaScript heap out of memory'];
  expect(placeExitOf(exit({ code: 0 }), lines)).toMatchObject({ reason: 'exit' });
});
