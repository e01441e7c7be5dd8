import type { ErrorEntry } from '@hotswap/protocol';

/** What operators ask for: load, swap, promote, unload, diagnose. */
export const changeErrors = {
  PLUGIN_LOADED_ALREADY: { kind: 'conflict', message: 'plugin {plugin} is loaded already; swap or reload it' },
  PLUGIN_NAME_MISMATCH: {
    kind: 'conflict',
    message: 'the new source is plugin {found}, not {plugin}; load it under its own name',
  },
  PLUGIN_HAS_DEPENDENTS: {
    kind: 'conflict',
    message: 'plugin {plugin} is needed by {dependents}; unload those first, or unload with cascade',
  },
  PLUGIN_DISABLED: { kind: 'conflict', message: 'plugin {plugin} is disabled; enable it first' },
  PLUGIN_LIMIT_TOO_HIGH: {
    kind: 'forbidden',
    message:
      'plugin {plugin} asks for limits.{limit} of {asked}; {setting} allows {allowed}: lower the one or raise the other',
  },
  PLUGIN_FILES_REFUSED: {
    kind: 'forbidden',
    message:
      'plugin {plugin} asks to read {path}, which is {real}: name that folder in plugins.security.readable, or take it out of its capabilities',
  },
  OPERATION_ABORTED: { kind: 'unavailable', message: 'the {operation} of plugin {plugin} was given up: {reason}' },
  DEPENDENCY_INACTIVE: {
    kind: 'conflict',
    message: 'plugin {plugin} needs plugin {dependency} ({range}), which is not active; load it first',
  },
  DEPENDENTS_UNSATISFIED: {
    kind: 'conflict',
    message: 'plugin {dependent} needs {plugin} {range}, and this is {version}; swap {dependent} first',
  },
  RUNTIME_STARTED_ALREADY: { kind: 'conflict', message: 'the runtime was started before; create another one' },
  RUNTIME_CLOSED: { kind: 'unavailable', message: 'the runtime is closed' },
  DIAGNOSIS_RUNNING: {
    kind: 'conflict',
    message: 'the heap is being searched for leaks already; wait for that search to end, then ask again',
  },
  DIAGNOSIS_FAILED: {
    kind: 'unavailable',
    message:
      'the heap could not be searched for leaks: {problem}; the temporary folder needs room for the whole heap twice',
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
