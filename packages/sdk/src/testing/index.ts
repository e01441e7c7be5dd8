// For the tests of plugins.
export { createTestHost } from './test-host.ts';
export type { PluginUnderTest, TestHost, TestHostOptions } from './test-host.ts';
