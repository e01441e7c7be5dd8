/** What a key says about itself, taken from its verified parts. Plain data: it is stored, and handed to plugins. */
export interface KeyFacts {
  /** Upper-case hex: 40 digits for version 4, 64 for version 6. */
  readonly fingerprint: string;
  readonly version: number;
  /** Number in the OpenPGP registry: 1 RSA, 17 DSA, 19 ECDSA, 22 EdDSA, 27 Ed25519, ... */
  readonly algorithm: number;
  readonly bits: number;
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly isRevoked: boolean;
  readonly userIds: readonly UserIdFacts[];
  /** Photos and the like; counted, not described. */
  readonly attributeCount: number;
  readonly subkeys: readonly SubkeyFacts[];
}

export interface UserIdFacts {
  readonly text: string;
  /** When its newest self-signature was made. */
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly isRevoked: boolean;
}

export interface SubkeyFacts {
  readonly fingerprint: string;
  readonly version: number;
  readonly algorithm: number;
  readonly bits: number;
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly isRevoked: boolean;
}

/** Whether something that may expire has done so at the moment `now`. */
export function isExpired(thing: { readonly expiresAt?: number }, now: number): boolean {
  return thing.expiresAt !== undefined && thing.expiresAt <= now;
}

/** The 64-bit key id: the end of a version 4 fingerprint, the beginning of a newer one. */
export function keyIdOf({ fingerprint, version }: Pick<KeyFacts, 'fingerprint' | 'version'>): string {
  return version <= 4 ? fingerprint.slice(-16) : fingerprint.slice(0, 16);
}

/** Every id under which a key or its subkeys are found: fingerprints, 64-bit and, for version 4, 32-bit ids. */
export function idsOf(facts: KeyFacts): readonly string[] {
  const ids = [facts, ...facts.subkeys].flatMap((key) => {
    const keyId = keyIdOf(key);
    return key.version <= 4 ? [key.fingerprint, keyId, keyId.slice(-8)] : [key.fingerprint, keyId];
  });
  return [...new Set(ids)];
}

/** The words of a text as the search knows them: lower case, letters and digits only. */
export function wordsOf(text: string): readonly string[] {
  return [...new Set(text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [])];
}

/** The mail address in a user id such as `Ada <ada@example.org>`, in lower case. */
export function emailOf(userId: string): string | undefined {
  const text = userId.trim().toLowerCase();
  const address = text.endsWith('>') ? text.slice(text.lastIndexOf('<') + 1, -1) : text;
  // Whatever else an address may be, it is two parts around one sign, without space or brackets.
  const isAddress = address.split('@').length === 2 && !/^@|@$|[\s<>]/.test(address);
  return isAddress ? address : undefined;
}
