import { generateKeyPairSync } from 'node:crypto';
import { keyIdOf } from '../keys.ts';

/** A new key, both halves as PEM. */
export interface KeyPair {
  /** PKCS #8: for whoever signs, and nobody else. */
  readonly privateKey: string;
  /** SPKI: for every host that shall trust it. */
  readonly publicKey: string;
  readonly keyId: string;
}

/**
 * Makes a key to sign plugins with.
 *
 * @param passphrase encrypts the private half; default: it is not encrypted
 */
export function makeSigningKey(type: 'ed25519' | 'ecdsa' = 'ed25519', passphrase?: string): KeyPair {
  const pair = type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const locked = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  return {
    privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem', ...locked }).toString(),
    publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    keyId: keyIdOf(pair.publicKey),
  };
}
