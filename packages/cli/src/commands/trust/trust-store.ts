import { resolve } from 'node:path';
import type { Revocation, Trust, TrustedSigner } from '@hotswap/runtime';
import type { Call } from '../../verb.ts';

/** The data folder whose trust a command is about: the flag, the environment, or `.hotswap` here. */
export function dataFolderOf({ options, terminal }: Call<object>): string {
  return resolve(terminal.cwd, options.data ?? terminal.env['HOTSWAP_SERVER_DATA'] ?? '.hotswap');
}

/** A signer as commands show it. */
export interface ShownSigner {
  readonly name: string;
  readonly type: TrustedSigner['type'];
  readonly keyId: string;
  readonly plugins: readonly string[];
  readonly addedAt: string;
  readonly isRevoked: boolean;
}

/** A trust store as commands show it. */
export interface ShownTrust {
  /** The store's file. */
  readonly file: string;
  readonly signers: readonly ShownSigner[];
  readonly revoked: readonly (Omit<Revocation, 'revokedAt'> & { readonly revokedAt: string })[];
}

export function shownTrust(file: string, { signers, revoked }: Trust): ShownTrust {
  return {
    file,
    signers: signers.map(({ name, type, keyId, plugins, addedAt }) => ({
      name,
      type,
      keyId,
      plugins,
      addedAt: new Date(addedAt).toISOString(),
      isRevoked: revoked.some((entry) => entry.type === 'key' && entry.id === keyId),
    })),
    revoked: revoked.map((entry) => ({ ...entry, revokedAt: new Date(entry.revokedAt).toISOString() })),
  };
}
