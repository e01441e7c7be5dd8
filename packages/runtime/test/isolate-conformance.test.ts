import { createRuntime } from '@hotswap/runtime';
import { describeIsolate, describeServices } from '@hotswap/test-kit';
import { describe } from 'vitest';
import { createRecordingLog } from './running-runtime.ts';
import { describeSandbox, sandboxHost } from './sandbox-host.ts';

describeIsolate('basic', (options) =>
  createRuntime({ ...options, isolation: 'basic', log: createRecordingLog(), environment: {}, guardProcess: false }),
);

describeIsolate(
  'none',
  (options) =>
    createRuntime({ ...options, isolation: 'none', log: createRecordingLog(), environment: {}, guardProcess: false }),
  { hasTimeLimit: false },
);

describeIsolate('strict', (options) =>
  createRuntime({ ...options, isolation: 'strict', log: createRecordingLog(), environment: {}, guardProcess: false }),
);

describeSandbox('in a confined process', () => {
  const { allowMissing } = sandboxHost;
  describeIsolate('sandbox', (options) =>
    createRuntime({
      ...options,
      isolation: 'sandbox',
      allowMissing,
      log: createRecordingLog(),
      environment: {},
      guardProcess: false,
    }),
  );
  describeServices({ provider: 'sandbox', consumer: 'sandbox', isCopied: true }, (options) =>
    createRuntime({ ...options, isolation: 'sandbox', allowMissing, log: createRecordingLog(), guardProcess: false }),
  );
});

describe.each([true, false])('with values copied: %s', (copyValues) => {
  for (const level of ['none', 'basic', 'strict'] as const) {
    const isCopied = copyValues || level === 'strict';
    describeServices({ provider: level, consumer: level, isCopied }, (options) =>
      createRuntime({ ...options, copyValues, isolation: level, log: createRecordingLog(), guardProcess: false }),
    );
  }
});
