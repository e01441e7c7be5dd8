import type { ErrorEntry } from '@hotswap/protocol';

/** State that outlives a generation: export, migrate, save, roll back. */
export const stateErrors = {
  STATE_EXPORT_FAILED: {
    kind: 'plugin-fault',
    message: 'plugin {plugin} failed to export its state: {problem}',
  },
  STATE_NOT_CLONEABLE: {
    kind: 'plugin-fault',
    message: 'the state of the plugin cannot be encoded: {problem}; exportState must give what structuredClone takes',
  },
  STATE_VERSION_UNREACHABLE: {
    kind: 'plugin-fault',
    message:
      'no migrations lead from state version {from} to {to}; add the missing up or down step to state.migrations',
  },
  STATE_MIGRATION_FAILED: {
    kind: 'plugin-fault',
    message: 'the migration of the state from version {from} to {to} failed: {problem}',
  },
  STATE_ROUND_TRIP_FAILED: {
    kind: 'plugin-fault',
    message: 'state that goes up from version {from} to {to} and down again is not what it was; mend the down step',
  },
  STATE_CORRUPT: {
    kind: 'internal',
    message: 'the state of plugin {plugin} does not match its checksum ({where})',
  },
  STATE_NOT_SAVED: {
    kind: 'unavailable',
    message:
      'the state of plugin {plugin} could not be saved in {folder} ({reason}); the plugin goes on, free or mend the disk',
  },
  HISTORY_NOT_SAVED: {
    kind: 'unavailable',
    message: 'the history of plugin {plugin} could not be saved in {file} ({reason}); free or mend the disk',
  },
  STATE_GONE: {
    kind: 'conflict',
    message:
      'the state that plugin {plugin} had in version {version} was pruned or is damaged, so there is nothing to go back to; swap to a version that can migrate down',
  },
  STATE_UNREADABLE: {
    kind: 'unavailable',
    message: 'the state of plugin {plugin} cannot be read from {file} ({reason}); check its folder',
  },
  ROLLBACK_NEEDS_FORCE: {
    kind: 'conflict',
    message:
      'plugin {plugin} has answered {writes} calls since it runs with state version {from}, and no down step leads to {to}: going back would lose what they wrote; add the down step, or use force',
  },
  STATE_NEEDS_EXCLUSIVE: {
    kind: 'invalid',
    message:
      "plugin {plugin} exports state, which an overlap swap would lose; set swap: 'exclusive', or state: 'lossy-cache'",
  },
  SNAPSHOT_MISSING: { kind: 'conflict', message: 'no snapshot available for plugin {plugin}' },
  SNAPSHOT_SOURCE_CHANGED: {
    kind: 'conflict',
    message:
      'version {version} of plugin {plugin} cannot be brought back: {source} {problem}; swap to a source that still has it',
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
