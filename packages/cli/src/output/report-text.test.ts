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
