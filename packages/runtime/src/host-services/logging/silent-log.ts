import type { HostLogger } from './create-logger.ts';

/** Writes nothing; for hosts and tests that want no log. */
export const silentLog: HostLogger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silentLog };
