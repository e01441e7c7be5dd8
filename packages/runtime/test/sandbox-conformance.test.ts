import { createRuntime } from '@hotswap/runtime';
import { describeIsolate, describeServices } from '@hotswap/test-kit';
import { createRecordingLog } from './running-runtime.ts';
import { describeSandbox, sandboxHost } from './sandbox-host.ts';

const { allowMissing } = sandboxHost;

describeSandbox('the contract of isolates', () => {
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
});

describeSandbox('services', () => {
  describeServices({ provider: 'sandbox', consumer: 'sandbox', isCopied: true }, (options) =>
    createRuntime({ ...options, isolation: 'sandbox', allowMissing, log: createRecordingLog(), guardProcess: false }),
  );
});
