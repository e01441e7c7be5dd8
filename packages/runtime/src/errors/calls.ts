import type { ErrorEntry } from '@hotswap/protocol';

/** Calls into a plugin: failed, timed out, parked, refused. */
export const callErrors = {
  PLUGIN_HANDLER_FAILED: { kind: 'plugin-fault', message: 'plugin {plugin} failed while it answered: {problem}' },
  HANDLER_ANSWER_INVALID: {
    kind: 'plugin-fault',
    message: 'a handler of plugin {plugin} answered {found}; it must answer a Response',
  },
  CALL_TIMED_OUT: { kind: 'timeout', message: 'plugin {plugin} did not answer within {limitMs} ms' },
  CALL_CANCELLED: { kind: 'unavailable', message: 'the call to plugin {plugin} was cancelled: {reason}' },
  HAND_OVER_TIMED_OUT: {
    kind: 'timeout',
    message:
      'plugin {plugin} did not change hands within {limitMs} ms; the old version serves on: raise [plugins] parkTimeout, or make its longest request shorter',
  },
  PARKING_FULL: {
    kind: 'unavailable',
    message:
      'plugin {plugin} is changing hands and {places} requests wait already; try again, or raise [plugins] maxParked',
  },
  PLUGIN_NOT_READY: { kind: 'unavailable', message: 'plugin {plugin} was not ready within {limitMs} ms; try again' },
  PLUGIN_DOWN: {
    kind: 'unavailable',
    message: 'plugin {plugin} is down ({reason}); try again in {retryAfterSeconds} s',
  },
  PLUGIN_UNRESPONSIVE: {
    kind: 'plugin-fault',
    message: 'plugin {plugin} did not answer {calls} calls in a row within {limitMs} ms each',
  },
  QUARANTINED: {
    kind: 'unavailable',
    message:
      'plugin {plugin} was given up after {attempts} restarts ({problem}); repair it, then hotswap plugin restart {plugin}',
  },
  PLUGIN_UNLOADING: { kind: 'unavailable', message: 'Service temporarily unavailable' },
  PLUGIN_UNAVAILABLE: {
    kind: 'unavailable',
    message: 'plugin {plugin} is {state}; see hotswap plugin status {plugin}',
  },
  METHOD_UNKNOWN: { kind: 'not-found', message: 'plugin {plugin} has no method {method}; it has: {known}' },
} satisfies Readonly<Record<string, ErrorEntry>>;
