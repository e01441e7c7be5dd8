import { generateKey, reformatKey, revokeKey } from 'openpgp';
import type { PrivateKey, PublicKey, UserID } from 'openpgp';

export interface MadeKey {
  readonly privateKey: PrivateKey;
  readonly publicKey: PublicKey;
  readonly armored: string;
  readonly revocation: string;
  readonly fingerprint: string;
}

interface KeyWishes {
  readonly users?: readonly UserID[];
  readonly date?: Date;
  readonly keyExpirationTime?: number;
  readonly v6Keys?: boolean;
}

export const ada: UserID = { name: 'Ada Lovelace', email: 'ada@example.org' };
export const grace: UserID = { name: 'Grace Hopper', email: 'grace@example.net' };

/** A fresh key on a small curve, so that a test takes milliseconds. */
export async function makeKey({ users = [ada], v6Keys = false, ...wishes }: KeyWishes = {}): Promise<MadeKey> {
  const made = await generateKey({
    ...wishes,
    userIDs: [...users],
    type: v6Keys ? 'curve25519' : 'ecc',
    format: 'object',
    config: { v6Keys },
  });
  return toMadeKey(made.privateKey, made.publicKey, made.revocationCertificate);
}

/** The same key as its owner has it on another machine, with other user ids. */
export async function withUsers(key: MadeKey, users: readonly UserID[]): Promise<MadeKey> {
  const made = await reformatKey({ privateKey: key.privateKey, userIDs: [...users], format: 'object' });
  return toMadeKey(made.privateKey, made.publicKey, made.revocationCertificate);
}

export async function revoked(key: MadeKey): Promise<string> {
  const { publicKey } = await revokeKey({ key: key.privateKey, format: 'armored' });
  return publicKey;
}

/** The form that clients post. */
export function addForm(keytext: string, fields: Readonly<Record<string, string>> = {}): Request {
  return new Request('http://localhost/pks/add', { method: 'POST', body: new URLSearchParams({ keytext, ...fields }) });
}

export function lookUp(query: string): Request {
  return new Request(`http://localhost/pks/lookup?${query}`);
}

function toMadeKey(privateKey: PrivateKey, publicKey: PublicKey, revocation: string): MadeKey {
  return {
    privateKey,
    publicKey,
    armored: publicKey.armor(),
    revocation,
    fingerprint: publicKey.getFingerprint().toUpperCase(),
  };
}
