/** What a confined program is answered when it may not, or cannot, reach something; and a host that names it wrongly. */
export const egressErrors = {
  SANDBOX_EGRESS_ENTRY_INVALID: {
    kind: 'invalid',
    message: '"{entry}" names nothing that can be reached; write host:port, an IPv6 address in brackets',
  },
  SANDBOX_EGRESS_NOT_LISTED: {
    kind: 'forbidden',
    message:
      '{entry} is not among what may be reached; list "{entry}", in capabilities.network of a manifest or with --allow-net',
  },
  SANDBOX_EGRESS_ADDRESS_REFUSED: {
    kind: 'forbidden',
    message:
      '{entry} leads to {address}, which is not a public address; list that address with its port if it is meant',
  },
  SANDBOX_EGRESS_NAME_MISMATCH: {
    kind: 'forbidden',
    message: 'a TLS connection to {entry} {found}; connect with the server name {wanted}',
  },
  SANDBOX_EGRESS_TLS_UNREADABLE: {
    kind: 'invalid',
    message: 'a TLS connection to {entry} began with a hello that cannot be read: {reason}; send a plain TLS hello',
  },
  SANDBOX_EGRESS_HOST_UNKNOWN: {
    kind: 'unavailable',
    message: '{entry} has no address; check the name and the resolver of the host',
  },
  SANDBOX_EGRESS_UNREACHABLE: {
    kind: 'unavailable',
    message: '{entry} did not take the connection ({reason}); check that it listens and that the host reaches it',
  },
  SANDBOX_EGRESS_TIMED_OUT: {
    kind: 'timeout',
    message: '{what} took longer than {limitMs} ms; try again, or check what is slow',
  },
  SANDBOX_EGRESS_REQUEST_INVALID: {
    kind: 'invalid',
    message: 'this socket takes "CONNECT host:port HTTP/1.1" with a head of at most {limit} bytes, and nothing else',
  },
  SANDBOX_EGRESS_TOO_MANY: {
    kind: 'limit',
    message: '{limit} connections are open already; close some, keep them in a pool, or raise the limit',
  },
} as const;
