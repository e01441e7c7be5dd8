import { expect, test } from 'vitest';
import type { SwapReport } from '@hotswap/runtime';
import { formatReport } from './report-text.ts';
import { plainStyle } from './style.ts';

const swapped: SwapReport = {
  outcome: 'swapped',
  operation: 'swap',
  operationId: 'op-1',
  plugin: 'greeter',
  from: 6,
  to: 7,
  steps: [
    { name: 'load', durationMs: 12 },
    { name: 'publish', durationMs: 0.04 },
  ],
  parked: 0,
  carried: 0,
  cancelled: 2,
  lost: 0,
  durationMs: 48,
};

test('shows what changed, each step, and what became of requests', () => {
  expect(formatReport(swapped, plainStyle)).toBe(
    [
      'swapped greeter: generation 6 -> 7 in 48 ms',
      '  STEP      TOOK',
      '  load     12 ms',
      '  publish   0 ms',
      '  2 requests cancelled',
    ].join('\n'),
  );
});

test('says that the old generation goes on when a candidate was refused', () => {
  const reason = { code: 'PLUGIN_UNHEALTHY', kind: 'plugin-fault', message: 'it says it is unhealthy' } as const;
  const text = formatReport({ ...swapped, outcome: 'kept', to: 6, reason, steps: [], cancelled: 0 }, plainStyle);
  expect(text).toBe(
    'kept greeter: generation 6 goes on serving, swap was refused\n  it says it is unhealthy (PLUGIN_UNHEALTHY)',
  );
});

const brief = { ...swapped, steps: [], cancelled: 0 };

test.each<[Partial<SwapReport>, string]>([
  [{ from: undefined, to: 1 }, 'loaded greeter: generation 1 serves in 48 ms'],
  [{ outcome: 'configured', operation: 'configure' }, 'configured greeter in place in 48 ms'],
  [{ outcome: 'unloaded', operation: 'unload' }, 'unloaded greeter in 48 ms'],
  [{ outcome: 'unloaded', operation: 'disable' }, 'disabled greeter in 48 ms'],
  [{ outcome: 'failed', operation: 'load' }, 'failed greeter: load left nothing that serves'],
])('has a line for %o', (change, line) => {
  expect(formatReport({ ...brief, ...change }, plainStyle)).toBe(line);
});

test('counts the requests that were held, taken over and cancelled', () => {
  const text = formatReport({ ...brief, parked: 1, carried: 3, cancelled: 1 }, plainStyle);
  expect(text.split('\n')[1]).toBe('  1 request parked, 3 requests carried over, 1 request cancelled');
});

test('names the code in the step that went wrong, and before a reason of several lines', () => {
  const error = { code: 'BUILD_FAILED', kind: 'invalid', message: 'src/index.ts:4:7\n  const = 1;' } as const;
  const steps = [{ name: 'load', durationMs: 12, error }] as const;
  expect(formatReport({ ...brief, outcome: 'kept', reason: error, steps }, plainStyle)).toBe(
    [
      'kept greeter: generation 6 goes on serving, swap was refused',
      '  BUILD_FAILED: src/index.ts:4:7',
      '    const = 1;',
      '  STEP   TOOK',
      '  load  12 ms  BUILD_FAILED',
    ].join('\n'),
  );
});
