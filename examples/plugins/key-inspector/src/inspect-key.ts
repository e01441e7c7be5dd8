import { readKey } from 'openpgp';

/** What can be told of a public key without trusting it. */
export interface KeyReport {
  readonly fingerprint: string;
  readonly userIds: readonly string[];
  /** With the size or curve: `rsa 4096`, `eddsaLegacy ed25519Legacy`. */
  readonly algorithm: string;
  readonly created: string;
  readonly subkeys: number;
}

/** Reads an armoured public key; throws what openpgp throws when it is none. */
export async function inspectKey(armoured: string): Promise<KeyReport> {
  const key = await readKey({ armoredKey: armoured });
  const { algorithm, bits, curve } = key.getAlgorithmInfo();
  return {
    fingerprint: key.getFingerprint(),
    userIds: key.getUserIDs(),
    algorithm: [algorithm, bits ?? curve].filter((part) => part !== undefined).join(' '),
    created: key.getCreationTime().toISOString(),
    subkeys: key.getSubkeys().length,
  };
}
