import type { Logger } from '@hotswap/sdk';

/** Writes nothing; for hosts and tests that want no log. */
export const silentLog: Logger = { debug() {}, info() {}, warn() {}, error() {} };
