import type { ErrorEntry } from '@hotswap/protocol';

/** How a generation starts, serves and ends. */
export const lifecycleErrors = {
  LIFECYCLE_TRANSITION_REFUSED: {
    kind: 'internal',
    message: 'a generation cannot move from {from} to {to} ({reason})',
  },
  PLUGIN_START_FAILED: { kind: 'plugin-fault', message: 'plugin {plugin} failed to start: {problem}' },
  PLUGIN_UNHEALTHY: { kind: 'plugin-fault', message: 'plugin {plugin} says it is unhealthy: {problem}' },
  PLUGIN_CONFIGURE_FAILED: {
    kind: 'plugin-fault',
    message: 'plugin {plugin} did not take its new config: {problem}; the old one stays in force',
  },
  PLUGIN_STOP_FAILED: { kind: 'plugin-fault', message: 'plugin {plugin} failed while stopping: {problem}' },
  PLUGIN_PHASE_TIMED_OUT: {
    kind: 'plugin-fault',
    message:
      'plugin {plugin} did not finish to {phase} within {limitMs} ms; raise [plugins] {setting} or make it faster',
  },
  PLUGIN_EXIT_REFUSED: {
    kind: 'plugin-fault',
    message: 'plugin {plugin} called process.exit, which would end the host',
  },
  REGISTRATION_CLOSED: {
    kind: 'plugin-fault',
    message: 'plugin {plugin} registered a {type} after start() had ended; register everything inside start()',
  },
  TRANSITION_VETOED: {
    kind: 'conflict',
    message: 'the move of plugin {plugin} from {from} to {to} was vetoed: {reason}',
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
