import { defineErrors } from '@hotswap/protocol';

/** Every error of the key server. `hkp/answers.ts` says which HTTP status each one becomes. */
export const fail = defineErrors({
  KEYTEXT_MISSING: {
    kind: 'invalid',
    message: 'the request has no key: send the armored key as the form field "keytext"',
  },
  ARMOR_INVALID: { kind: 'invalid', message: 'the text is no armored OpenPGP key: {problem}' },
  KEY_MALFORMED: { kind: 'invalid', message: 'the data is no OpenPGP public key: {problem}' },
  KEY_SECRET: {
    kind: 'invalid',
    message:
      'the data holds a secret key; nothing was stored: revoke it if others may have seen it, and send only the public key',
  },
  KEY_UNSUPPORTED: { kind: 'invalid', message: 'the key cannot be read: {problem}' },
  KEY_UNVERIFIABLE: {
    kind: 'invalid',
    message:
      'no signature of key {fingerprint} on itself could be verified ({problem}): export it again, with its self-signatures',
  },
  KEY_TOO_LARGE: { kind: 'limit', message: '{what} is larger than the limit of {limit}: send less at once' },
  KEY_REJECTED: { kind: 'forbidden', message: 'key {fingerprint} was rejected: {reason}' },
  KEY_CHECK_FAILED: {
    kind: 'plugin-fault',
    message: 'plugin {plugin} could not check key {fingerprint}, so it was not taken in: tell the operator',
  },
  KEY_BUSY: {
    kind: 'unavailable',
    message: 'key {fingerprint} is being changed by others at the same time: send it again',
  },
  KEY_NOT_FOUND: { kind: 'not-found', message: 'no key matches "{search}"' },
  REVOCATION_WITHOUT_KEY: {
    kind: 'not-found',
    message: 'the revocation names key {keyId}, which is not here: send the key first',
  },
  LOOKUP_INVALID: { kind: 'invalid', message: 'the look-up cannot be understood: {problem}' },
  LOOKUP_TOO_WIDE: { kind: 'limit', message: 'more than {limit} keys match "{search}": search for something narrower' },
  OPERATION_UNSUPPORTED: { kind: 'invalid', message: 'this server does not offer "{operation}"' },
});
