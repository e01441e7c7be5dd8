import { defineErrors } from '@hotswap/protocol';

/** Builds every error this package throws. The code is stable; the message says what to do. */
export const fail = defineErrors({
  // management: who may ask, and how
  MANAGEMENT_CLOSED: {
    kind: 'forbidden',
    message: 'management answers only GET from this machine; set `authorize` or a token to open it',
  },
  MANAGEMENT_UNAUTHENTICATED: {
    kind: 'unauthenticated',
    message: '{permission} needs credentials; send "Authorization: Bearer TOKEN"',
  },
  MANAGEMENT_FORBIDDEN: { kind: 'forbidden', message: 'these credentials do not grant {permission}' },
  MANAGEMENT_HOST_REFUSED: {
    kind: 'forbidden',
    message: 'host {host} is not a name of this listener; add it to `allowedHosts`',
  },
  MANAGEMENT_ORIGIN_REFUSED: {
    kind: 'forbidden',
    message: 'origin {origin} may not use management; add it to `allowedOrigins`',
  },
  MANAGEMENT_PATH_UNKNOWN: { kind: 'not-found', message: 'no management endpoint {path}' },
  MANAGEMENT_METHOD_NOT_ALLOWED: { kind: 'invalid', message: '{method} is not allowed here; use {allow}' },
  MANAGEMENT_MEDIA_TYPE: { kind: 'invalid', message: 'a body must be application/json, this one is {mediaType}' },
  MANAGEMENT_BODY_TOO_LARGE: { kind: 'limit', message: 'the body is over {limit} bytes; send a smaller one' },
  MANAGEMENT_BODY_ALREADY_READ: {
    kind: 'internal',
    message: 'another middleware read the body and kept no `rawBody` or JSON `body`; mount management before it',
  },
  MANAGEMENT_BODY_INVALID: { kind: 'invalid', message: 'the request cannot be used: {reason}' },
  MANAGEMENT_TOKEN_INVALID: { kind: 'invalid', message: '{name} cannot be used as a token: {reason}' },

  // plugins: who is asked for
  PLUGIN_NAME_MISSING: { kind: 'invalid', message: 'no plugin was named; add ?plugin=NAME' },
  PLUGIN_UNKNOWN: { kind: 'not-found', message: 'no plugin {plugin} is loaded' },

  // loading: where code may come from
  SOURCE_OUTSIDE_ROOT: {
    kind: 'forbidden',
    message: '{path} is not inside the plugin directory or a listed source; move it there',
  },
  SOURCE_NOT_FOUND: { kind: 'not-found', message: 'there is nothing at {path}; check the path' },

  // config: the file, the environment, a plugin's own config, what operators changed
  CONFIG_SYNTAX: { kind: 'invalid', message: '{file}:{line}:{column}: {reason}\n\n{frame}' },
  CONFIG_INVALID: { kind: 'invalid', message: '{file} has {count} to correct:\n{list}' },
  CONFIG_UNREADABLE: { kind: 'unavailable', message: '{file} cannot be read ({reason}); put it back or name another' },
  CONFIG_SCHEMA_INVALID: { kind: 'plugin-fault', message: 'the config schema of {plugin} cannot be used: {reason}' },
  CONFIG_REJECTED: { kind: 'invalid', message: 'the config of {plugin} has {count} to correct:\n{list}' },
  CONFIG_VERSION_UNKNOWN: { kind: 'not-found', message: 'no config version {version} of {plugin} is kept; kept: {kept}' },
  DESIRED_STATE_CORRUPT: {
    kind: 'internal',
    message: '{file} is damaged ({reason}); restore the state before the last change from {backup}, or move it away',
  },
  DESIRED_STATE_UNREADABLE: { kind: 'unavailable', message: '{file} cannot be read ({reason}); check its folder' },
  DESIRED_STATE_NOT_SAVED: {
    kind: 'unavailable',
    message: 'the change to {plugin} could not be saved in {file} ({reason}); it is not kept, try again',
  },
  WATCH_FAILED: { kind: 'unavailable', message: '{path} cannot be watched: {reason}' },
});
