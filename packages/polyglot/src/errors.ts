import { defineErrors } from '@hotswap/protocol';

/** Builds every error this package throws. The code is stable; the message says what to do. */
export const fail = defineErrors({
  PLUGIN_COMMAND_MISSING: {
    kind: 'invalid',
    message:
      'plugin {plugin} is started with {command}, and there is no such program here ({reason}); build or install it, or correct `executable.command`',
  },
  PLUGIN_FOLDER_CHANGED: {
    kind: 'conflict',
    message: 'the files of plugin {plugin} in {folder} changed after they were checked; load it again',
  },
  PLUGIN_HANDSHAKE_LATE: {
    kind: 'timeout',
    message:
      'plugin {plugin} printed no handshake within {limitMs} ms; it must print one line to stdout when it listens. It printed: {printed}',
  },
  PLUGIN_HANDSHAKE_INVALID: {
    kind: 'plugin-fault',
    message:
      'the first line that plugin {plugin} printed is no handshake ({reason}): {printed}. It must be CORE|VERSION|unix|PATH|grpc|CERT; print nothing before it',
  },
  PLUGIN_HANDSHAKE_MISSING: {
    kind: 'plugin-fault',
    message: 'plugin {plugin} ended before its handshake: {reason}. Its last lines: {printed}',
  },
  PLUGIN_VERSION_UNSUPPORTED: {
    kind: 'conflict',
    message: 'plugin {plugin} speaks version {found} of {what}, this host {known}; update whichever is older',
  },
  PLUGIN_ADDRESS_REFUSED: {
    kind: 'forbidden',
    message:
      'plugin {plugin} listens at {address}, where others on this host could reach it; listen on a unix socket in TMPDIR, or on 127.0.0.1 with mtls',
  },
  PLUGIN_CERTIFICATE_MISSING: {
    kind: 'plugin-fault',
    message:
      'plugin {plugin} is declared with mtls and gave no certificate in its handshake ({reason}); serve with one and print it as the sixth field',
  },
  PLUGIN_CAPABILITY_UNAVAILABLE: {
    kind: 'invalid',
    message:
      'plugin {plugin} asks for {capability}, which a program of its own cannot have; remove that capability: {advice}',
  },
  PLUGIN_TARGET_REFUSED: {
    kind: 'forbidden',
    message: 'plugin {plugin} runs at {target}, which cannot be used: {reason}',
  },
  PLUGIN_LEVEL_UNAVAILABLE: {
    kind: 'invalid',
    message: 'plugin {plugin} cannot run at isolation {level}: {reason}',
  },
  GRPC_UNREACHABLE: {
    kind: 'unavailable',
    message: 'plugin {plugin} cannot be reached at {address}: {reason}; see its log',
  },
  GRPC_NOT_SERVING: {
    kind: 'plugin-fault',
    message:
      'the health service of plugin {plugin} does not say that "plugin" is SERVING ({reason}); serve grpc.health.v1.Health',
  },
  GRPC_CALL_FAILED: {
    kind: 'plugin-fault',
    message: 'plugin {plugin} failed a call of {method} with {status}: {reason}',
  },
  GRPC_MESSAGE_INVALID: {
    kind: 'plugin-fault',
    message: 'plugin {plugin} sent what it may not send: {problem}',
  },
  PLUGIN_NOT_LAUNCHED: {
    kind: 'invalid',
    message:
      'this program is a plugin and is started by a host, which sets {variable}; see the README of @hotswap/polyglot',
  },
});
