import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { messageOf } from '@hotswap/protocol';
import { fail } from '../errors.ts';

/** The name of a key: `sha256:` and hex over its public half, whatever file it came in. */
export function keyIdOf(key: KeyObject): string {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return `sha256:${createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')}`;
}

/**
 * Reads a public key, SPKI as PEM.
 *
 * @throws KEY_UNUSABLE
 */
export function readPublicKey(pem: string, what: string): KeyObject {
  if (pem.includes('PRIVATE KEY')) {
    throw fail('KEY_UNUSABLE', {
      what,
      reason: 'it is a private key, which stays with whoever signs; give the public one',
    });
  }
  return checked(() => createPublicKey(pem), what);
}

/**
 * Reads a private key, PEM.
 *
 * @throws KEY_UNUSABLE
 */
export function readPrivateKey(pem: string, what: string, passphrase?: string): KeyObject {
  return checked(() => createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) }), what);
}

function checked(read: () => KeyObject, what: string): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch (error) {
    throw fail('KEY_UNUSABLE', { what, reason: messageOf(error) }, { cause: error });
  }
  if (isAccepted(key)) return key;
  throw fail('KEY_UNUSABLE', { what, reason: `it is ${describe(key)}; use Ed25519 or ECDSA P-256` });
}

/** Whether a kind of key may sign plugins. */
export function isAccepted(key: KeyObject): boolean {
  return algorithmOf(key) !== undefined;
}

/** Whether `signature` is one of `data` by the key. A signature that is no such thing is none. */
export function isSignedBy(key: KeyObject, data: Uint8Array, signature: Uint8Array): boolean {
  const algorithm = algorithmOf(key);
  if (algorithm === undefined) return false;
  try {
    return verify(algorithm.digest, data, key, signature);
  } catch {
    return false; // not even the form of a signature
  }
}

/** Signs with a key that `isAccepted`. */
export function signData(key: KeyObject, data: Uint8Array): Buffer {
  return sign(algorithmOf(key)?.digest, data, key);
}

/** Ed25519 hashes by itself; ECDSA signatures are DER, as everywhere in DSSE. */
function algorithmOf(key: KeyObject): { readonly digest: string | undefined } | undefined {
  if (key.asymmetricKeyType === 'ed25519') return { digest: undefined };
  if (key.asymmetricKeyType !== 'ec') return undefined;
  return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? { digest: 'sha256' } : undefined;
}

function describe(key: KeyObject): string {
  return [key.asymmetricKeyType, key.asymmetricKeyDetails?.namedCurve].filter(Boolean).join(' ');
}
