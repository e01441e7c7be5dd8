// Fakes.
export { createFakeClock } from './fake-clock.ts';
export type { FakeClock } from './fake-clock.ts';

// Conformance suites.
export { describeIsolate } from './isolate-conformance.ts';
export type { IsolateTraits, IsolateUnderTest } from './isolate-conformance.ts';
export { describeStorageBackend } from './storage-conformance.ts';
export type { ConformingBackend } from './storage-conformance.ts';
export { describeServices } from './service-conformance.ts';
export type { ServiceLevels, ServicesUnderTest } from './service-conformance.ts';
