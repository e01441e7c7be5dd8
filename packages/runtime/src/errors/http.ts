import type { ErrorEntry } from '@hotswap/protocol';

/** The edge: routes, what arrives over HTTP, and what may be answered. */
export const httpErrors = {
  ROUTE_INVALID: { kind: 'invalid', message: 'route path {path} cannot be used: {problem}' },
  ROUTE_CONFLICT: {
    kind: 'conflict',
    message: 'plugin {plugin} wants route {route}, which plugin {holder} has; change one of the two paths',
  },
  HOST_HANDLER_FAILED: { kind: 'internal', message: 'the server failed while it answered; its log says how' },
  BODY_TOO_LARGE: { kind: 'limit', message: 'the request body is over {limit} bytes; send a smaller one' },
  URL_TOO_LONG: { kind: 'limit', message: 'the request target is over {limit} bytes; send a shorter one' },
  BODY_ALREADY_READ: {
    kind: 'internal',
    message:
      'a body parser read the body before the plugins could; mount the runtime before it, or have it keep `request.rawBody`',
  },
  CLIENT_LEFT: { kind: 'unavailable', message: 'the client closed the connection before the answer was complete' },
  RESPONSE_HEADER_INVALID: {
    kind: 'plugin-fault',
    message: 'the answer has a header field that HTTP forbids: {problem}',
  },
  RESPONSE_STATUS_INVALID: {
    kind: 'plugin-fault',
    message: 'the answer has status {status}; give one from 200 to 599',
  },
  RESPONSE_LENGTH_MISMATCH: {
    kind: 'plugin-fault',
    message: 'the answer declares content-length {declared}, its body has {found} bytes; leave the header to the host',
  },
  RESPONSE_BODY_USED: {
    kind: 'plugin-fault',
    message: 'the body of the answer was read or sent before; answer a clone or a new one',
  },
  UPGRADE_WITH_BODY: { kind: 'invalid', message: 'a request that asks for a WebSocket must have no body' },
  ATTACHMENT_TOO_LARGE: {
    kind: 'limit',
    message:
      'the attachment of a connection is {bytes} bytes once encoded, over the limit of {limit}; keep the data in ctx.storage and its key here',
  },
  WEBSOCKET_CLOSE_INVALID: {
    kind: 'plugin-fault',
    message: 'a connection cannot be closed with code {code}: {problem}',
  },
  WEBSOCKET_SERVER_CLOSED: {
    kind: 'unavailable',
    message: 'the server closes and takes no more WebSocket connections',
  },
  TRUSTED_PROXY_INVALID: {
    kind: 'invalid',
    message: '{entry} is no address of a trusted proxy; write it like 10.0.0.1 or 10.0.0.0/8',
  },
  PORT_IN_USE: { kind: 'conflict', message: 'port {port} on {host} is in use; stop what uses it or choose another' },
  LISTEN_FAILED: { kind: 'unavailable', message: 'cannot listen on {host}, port {port}: {problem}' },
} satisfies Readonly<Record<string, ErrorEntry>>;
