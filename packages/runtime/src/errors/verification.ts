import type { ErrorEntry } from '@hotswap/protocol';

/** Verification: whether the code that is there is what somebody trusted has signed. */
export const verificationErrors = {
  SIGNATURE_MISSING: {
    kind: 'forbidden',
    message:
      '{source} has no signature and is not loaded; sign it with `hotswap plugin sign`, or set [plugins.security] allowUnsigned = true to run unsigned plugins knowingly',
  },
  SIGNATURE_MALFORMED: {
    kind: 'invalid',
    message: 'the signature of {source} cannot be used: {reason}; sign the plugin again',
  },
  SIGNATURE_UNTRUSTED: {
    kind: 'forbidden',
    message:
      '{source} is signed, but not by anybody trusted here: {reason}; see `hotswap trust list`, and trust the signer with `hotswap trust add` if you know them',
  },
  SIGNATURE_OF_ANOTHER: {
    kind: 'forbidden',
    message: 'the signature of {source} is for something else: {reason}; get the signature that was made for it',
  },
  SIGNATURE_NOT_IN_FORCE: {
    kind: 'forbidden',
    message: 'the signature of {source} does not hold now: {reason}; get a release that was signed anew',
  },
  DIGEST_MISMATCH: {
    kind: 'forbidden',
    message: '{source} is not what was trusted: {reason}',
  },
  SIGNER_OUT_OF_SCOPE: {
    kind: 'forbidden',
    message:
      '{source} is signed by somebody who is not trusted for it: {reason}; widen it with `hotswap trust add --plugins` if that is meant',
  },
  SIGNER_REVOKED: {
    kind: 'forbidden',
    message: '{source} is signed with a key that was revoked: {reason}; get a release that was signed with another key',
  },
  RELEASE_REVOKED: {
    kind: 'forbidden',
    message: '{source} was revoked on this host: {reason}; load another release',
  },
  CERTIFICATE_REFUSED: {
    kind: 'forbidden',
    message: 'the certificate that {source} is signed with is not accepted: {reason}; sign with another certificate',
  },
  CONTENT_UNSIGNABLE: {
    kind: 'invalid',
    message: '{source} cannot be signed or verified: {reason}; pack it with `hotswap plugin pack` and use the archive',
  },
  FILE_NOT_SIGNED: {
    kind: 'forbidden',
    message:
      'plugin {plugin} takes in {file}, which its signature does not cover; pack it with `hotswap plugin pack` and sign the archive',
  },
  SOURCE_CHANGED: {
    kind: 'conflict',
    message: '{file} changed while plugin {plugin} was being verified; load it again once nothing writes there',
  },
  TRUST_UNREADABLE: {
    kind: 'unavailable',
    message:
      'the trust store {file} cannot be read: {reason}; mend it or put a copy back, nothing is loaded until then',
  },
  LOCK_UNREADABLE: {
    kind: 'unavailable',
    message: 'the lock {file} cannot be used: {reason}; mend it or put a copy back, nothing is loaded until then',
  },
  KEY_UNUSABLE: { kind: 'invalid', message: '{what} cannot be used: {reason}' },
  TRUST_NAME_TAKEN: {
    kind: 'conflict',
    message: '{name} is trusted already, with another key; choose another name or remove it first',
  },
  TRUST_UNKNOWN: {
    kind: 'not-found',
    message: 'nothing here is called {name}; see `hotswap trust list`',
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
