import type { Gate } from './gate.ts';
import { fail } from '../errors.ts';

/** While a plugin is being unloaded its routes answer 503 and its middleware is skipped. */
export const unloadingGate: Gate<never> = {
  reason: 'unloading',
  admit: ({ kind }) =>
    kind === 'middleware'
      ? { type: 'skip' }
      : { type: 'refuse', error: fail('PLUGIN_UNLOADING', { retryAfterSeconds: 1 }) },
};
