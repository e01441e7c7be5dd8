import { createRuntime } from '@hotswap/runtime';
import { describeIsolate } from '@hotswap/test-kit';
import { createRecordingLog } from './running-runtime.ts';

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
