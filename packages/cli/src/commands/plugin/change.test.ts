import type { SwapReport } from '@hotswap/runtime';
import { expect, test } from 'vitest';
import { plainStyle } from '../../output/style.ts';
import { changeExitCode, printChange, probationOf } from './change.ts';

const report: SwapReport = {
  outcome: 'swapped',
  operation: 'swap',
  operationId: 'op-1',
  plugin: 'geo',
  from: 1,
  to: 2,
  steps: [],
  parked: 0,
  carried: 0,
  cancelled: 0,
  lost: 0,
  durationMs: 5,
};
const paper = { style: plainStyle, now: 0 };
const details = { name: 'geo', state: 'active' } as const;
const [older, newer] = [
  { number: 1, version: '1.0.0', state: 'standby' },
  { number: 2, version: '2.0.0', state: 'active' },
];

test('a probation is open while an older generation is kept for the way back', () => {
  expect(probationOf({ ...details, generation: 2, generations: [older, newer] }, 2)).toBe('open');
  expect(probationOf({ ...details, generation: 2, generations: [{ ...older, state: 'stopped' }, newer] }, 2)).toBe(
    'kept',
  );
  expect(probationOf({ ...details, generation: 2 }, 2)).toBe('kept');
  expect(probationOf({ ...details, generation: 3, generations: [older] }, 2)).toBe('rolled-back');
});

test('a change that was rolled back in its probation is a failure, and says where to look', () => {
  const result = { plugin: 'geo', answer: { status: 'swapped', report }, probation: 'rolled-back' } as const;
  expect(changeExitCode(result)).toBe(8);
  expect(printChange(result, paper)).toContain('rolled back: see "hotswap plugin status geo"');
});

test('a probation that outlasts the command is said to go on, and is no failure', () => {
  const result = { plugin: 'geo', answer: { status: 'swapped', report }, probation: 'open' } as const;
  expect(changeExitCode(result)).toBe(0);
  expect(printChange(result, paper)).toContain('still on probation after 15m 0s');
});

test('a refused change ends with the code of its reason, or else of a faulty plugin', () => {
  const reason = { code: 'ROUTE_CONFLICT', kind: 'conflict', message: 'another has it' } as const;
  const refused = { ...report, outcome: 'kept' } as const;
  expect(changeExitCode({ plugin: 'geo', answer: { status: 'kept', report: { ...refused, reason } } })).toBe(5);
  expect(changeExitCode({ plugin: 'geo', answer: { status: 'kept', report: refused } })).toBe(8);
});

test('an answer without a report is shown in its own words', () => {
  expect(printChange({ plugin: 'geo', answer: { status: 'already_loaded' } }, paper)).toBe('geo already loaded');
});
