// Fakes.
export { createFakeClock } from './fake-clock.ts';
export type { FakeClock } from './fake-clock.ts';

// Conformance suites.
export { describeStorageBackend } from './storage-conformance.ts';
export type { ConformingBackend } from './storage-conformance.ts';
