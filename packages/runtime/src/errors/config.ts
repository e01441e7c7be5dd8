import type { ErrorEntry } from '@hotswap/protocol';

/** Config: the file, the environment, a plugin's own config, what operators changed. */
export const configErrors = {
  CONFIG_SYNTAX: { kind: 'invalid', message: '{file}:{line}:{column}: {reason}\n\n{frame}' },
  CONFIG_INVALID: { kind: 'invalid', message: '{file} has {count} to correct:\n{list}' },
  CONFIG_UNREADABLE: { kind: 'unavailable', message: '{file} cannot be read ({reason}); put it back or name another' },
  CONFIG_SCHEMA_INVALID: { kind: 'plugin-fault', message: 'the config schema of {plugin} cannot be used: {reason}' },
  CONFIG_REJECTED: { kind: 'invalid', message: 'the config of {plugin} has {count} to correct:\n{list}' },
  CONFIG_VERSION_UNKNOWN: {
    kind: 'not-found',
    message: 'no config version {version} of {plugin} is kept; kept: {kept}',
  },
  DESIRED_STATE_CORRUPT: {
    kind: 'internal',
    message: '{file} is damaged ({reason}); restore the state before the last change from {backup}, or move it away',
  },
  DESIRED_STATE_UNREADABLE: { kind: 'unavailable', message: '{file} cannot be read ({reason}); check its folder' },
  DESIRED_STATE_NOT_SAVED: {
    kind: 'unavailable',
    message: 'the change to {plugin} could not be saved in {file} ({reason}); it is not kept, try again',
  },
  CONFIG_NOT_TOML: {
    kind: 'invalid',
    message: '{key} of plugin {plugin} holds null, which TOML cannot say; set it to a value first, or keep it as it is',
  },
  WATCH_FAILED: { kind: 'unavailable', message: '{path} cannot be watched: {reason}' },
} satisfies Readonly<Record<string, ErrorEntry>>;
