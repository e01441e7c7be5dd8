import type { ErrorEntry } from '@hotswap/protocol';

/** Threads, processes and what a guest sends its host. */
export const isolationErrors = {
  ISOLATE_EXITED: {
    kind: 'plugin-fault',
    message: 'the isolate of plugin {plugin} ended: {reason}; see hotswap plugin status {plugin}',
  },
  ISOLATE_STUCK: {
    kind: 'plugin-fault',
    message: 'the thread of plugin {plugin} could not be ended and was abandoned; it may hold a core and memory',
  },
  ISOLATE_NEEDS_SOURCE: {
    kind: 'invalid',
    message:
      'plugin {plugin} was given as an object in memory, which cannot cross to isolation {level}; load it from its file or folder: in a test, as the default export of a file of its own',
  },
  GUEST_CALLS_EXCEEDED: {
    kind: 'limit',
    message: 'the plugin has {limit} calls to its host under way; wait for some of them before it makes more',
  },
  GUEST_MESSAGE_INVALID: {
    kind: 'plugin-fault',
    message: 'plugin {plugin} sent its host what it may not send: {problem}',
  },
  ISOLATION_UNAVAILABLE: {
    kind: 'invalid',
    message: 'plugin {plugin} asks for isolation {level}, which this build does not have; choose one of: {available}',
  },
  DIALECT_UNKNOWN: {
    kind: 'invalid',
    message:
      'plugin {plugin} is a program that speaks {protocol}, and this host has: {known}; give createRuntime that dialect',
  },
  ISOLATION_LAYER_MISSING: {
    kind: 'unavailable',
    message: 'isolation level sandbox cannot be had on this host: {reason}',
  },
  PROCESS_START_FAILED: {
    kind: 'unavailable',
    message: 'no confined process could be started: {reason}; "hotswap doctor" says what this host can do',
  },
  CONTAINER_UNAVAILABLE: {
    kind: 'unavailable',
    message: 'isolation level container cannot be had on this host: {reason}',
  },
  CONTAINER_START_FAILED: { kind: 'unavailable', message: 'no container could be started: {reason}' },
  NATIVE_NEEDS_CONFINEMENT: {
    kind: 'forbidden',
    message:
      'plugin {plugin} may load native addons, which isolation {level} can neither contain nor let go of; run it at sandbox or container',
  },
  NATIVE_NOT_ALLOWED: {
    kind: 'forbidden',
    message:
      'plugin {plugin} asks for `capabilities.native`, and this host loads no native addons; set allowNative under [plugins.security], or use a plugin without them',
  },
  NATIVE_ADDON_CHANGED: {
    kind: 'conflict',
    message: 'the native addon {file} of plugin {plugin} has changed since the plugin was loaded; reload the plugin',
  },
  PROCESS_NOT_SHAREABLE: {
    kind: 'conflict',
    message:
      'plugin {plugin} cannot share the process {group}: whoever is in it may do other things or was signed by another key; give them the same capabilities and signer, or take shareProcess out of its settings',
  },
  ISOLATION_UNCHANGED: { kind: 'conflict', message: 'plugin {plugin} runs at isolation {level} already' },
  REQUIRE_REFUSED: {
    kind: 'invalid',
    message: 'require({specifier}) is no built-in module; import it at the top of a file so that it is built in',
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
