import type { ErrorEntry } from '@hotswap/protocol';

/** Management: who may ask, and how. */
export const managementErrors = {
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
  MANAGEMENT_DEFECT: { kind: 'internal', message: 'management failed inside; the log of the host says how' },
  MANAGEMENT_TOKEN_INVALID: { kind: 'invalid', message: '{name} cannot be used as a token: {reason}' },
  PLUGIN_NAME_MISSING: { kind: 'invalid', message: 'no plugin was named; add ?plugin=NAME' },
  PLUGIN_UNKNOWN: { kind: 'not-found', message: 'no plugin {plugin} is loaded' },
} satisfies Readonly<Record<string, ErrorEntry>>;
