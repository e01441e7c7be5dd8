import { fail } from '../errors.ts';
import { readCertificates } from './certificates.ts';
import { keyIdOf, readPublicKey } from './keys.ts';
import { parseStrictJson, recordOf } from './strict-json.ts';

/** Somebody whose signature counts on this host. */
export interface TrustedSigner {
  /** What operators call it; once in a store. */
  readonly name: string;
  /** A key signs itself; a certificate also stands for all that it has issued. */
  readonly type: 'key' | 'certificate';
  /** `sha256:` and hex over the public key. */
  readonly keyId: string;
  readonly pem: string;
  /** Names of plugins, or beginnings of names with a `*` at the end. */
  readonly plugins: readonly string[];
  /** Milliseconds since the epoch. */
  readonly addedAt: number;
}

/** A key or a release that is not to be used again, whoever else vouches for it. */
export interface Revocation {
  /** A key, or a digest of what was loaded: `sha256:` and hex. */
  readonly id: string;
  readonly type: 'key' | 'digest';
  readonly reason: string;
  readonly revokedAt: number;
}

/** Whom a host trusts. Immutable: each edit makes another. */
export interface Trust {
  readonly signers: readonly TrustedSigner[];
  readonly revoked: readonly Revocation[];
}

export const noTrust: Trust = { signers: [], revoked: [] };

const idForm = /^sha256:[0-9a-f]{64}$/;
const patternForm = /^(?:@?[a-z0-9][a-z0-9/-]*\*?|@?\*)$/;

/** Makes an entry of a PEM file: a public key, or a certificate. @throws KEY_UNUSABLE */
export function trustedSigner(
  pem: string,
  { name, plugins = ['*'], now }: { readonly name: string; readonly plugins?: readonly string[]; readonly now: number },
): TrustedSigner {
  const what = `the key of ${name}`;
  const odd = plugins.find((pattern) => !patternForm.test(pattern));
  if (odd !== undefined) {
    throw fail('KEY_UNUSABLE', { what, reason: `"${odd}" is neither a plugin's name nor the beginning of one and *` });
  }
  const isCertificate = pem.includes('BEGIN CERTIFICATE');
  const key = isCertificate ? certificateKey(pem, what) : readPublicKey(pem, what);
  return { name, type: isCertificate ? 'certificate' : 'key', keyId: keyIdOf(key), pem, plugins, addedAt: now };
}

function certificateKey(pem: string, what: string) {
  try {
    const [certificate, second] = readCertificates(pem);
    if (certificate && second === undefined) return certificate.publicKey;
  } catch (cause) {
    throw fail('KEY_UNUSABLE', { what, reason: 'its certificate cannot be read' }, { cause });
  }
  throw fail('KEY_UNUSABLE', { what, reason: 'the file holds several certificates; give the one to trust alone' });
}

/** The store with another signer; the same name with the same key takes its place. @throws TRUST_NAME_TAKEN */
export function withSigner(trust: Trust, signer: TrustedSigner): Trust {
  const same = trust.signers.find(({ name }) => name === signer.name);
  if (same !== undefined && same.keyId !== signer.keyId) throw fail('TRUST_NAME_TAKEN', { name: signer.name });
  return { ...trust, signers: [...trust.signers.filter(({ name }) => name !== signer.name), signer] };
}

/** The store without a signer. @throws TRUST_UNKNOWN */
export function withoutSigner(trust: Trust, name: string): Trust {
  if (!trust.signers.some((signer) => signer.name === name)) throw fail('TRUST_UNKNOWN', { name });
  return { ...trust, signers: trust.signers.filter((signer) => signer.name !== name) };
}

/**
 * The store with a key or a digest revoked.
 *
 * @param what the name of a signer, or `sha256:` and hex: of a trusted key, else of a release
 * @throws TRUST_UNKNOWN
 */
export function withRevoked(
  trust: Trust,
  what: string,
  {
    reason,
    now,
    type,
  }: { readonly reason: string; readonly now: number; readonly type?: Revocation['type'] | undefined },
): Trust {
  const signer = trust.signers.find(({ name, keyId }) => name === what || keyId === what);
  const id = signer?.keyId ?? what.toLowerCase();
  if (!idForm.test(id)) throw fail('TRUST_UNKNOWN', { name: what });
  const revocation: Revocation = { id, type: type ?? (signer ? 'key' : 'digest'), reason, revokedAt: now };
  return { ...trust, revoked: [...trust.revoked.filter((other) => other.id !== id), revocation] };
}

/** Whether a signer may sign a plugin of this name. */
export function isInScope({ plugins }: Pick<TrustedSigner, 'plugins'>, plugin: string): boolean {
  return plugins.some((pattern) =>
    pattern.endsWith('*') ? plugin.startsWith(pattern.slice(0, -1)) : pattern === plugin,
  );
}

/** A store as it is written to its file. */
export function formatTrust({ signers, revoked }: Trust): string {
  const content = {
    format: 1,
    signers: signers.map((signer) => ({ ...signer, addedAt: new Date(signer.addedAt).toISOString() })),
    revoked: revoked.map((entry) => ({ ...entry, revokedAt: new Date(entry.revokedAt).toISOString() })),
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

/** Reads a store. One entry that cannot be used spoils all: it might have been a revocation. @throws Error */
export function parseTrust(text: string): Trust {
  const content = recordOf(parseStrictJson(text));
  const { format, signers, revoked } = content ?? {};
  if (format !== 1 || !Array.isArray(signers) || !Array.isArray(revoked)) throw new Error('it is no trust store');
  return { signers: signers.map(signerOf), revoked: revoked.map(revocationOf) };
}

function signerOf(value: unknown): TrustedSigner {
  const { name, pem, plugins, addedAt, keyId } = recordOf(value) ?? {};
  if (typeof name !== 'string' || typeof pem !== 'string') throw new Error('a signer in it has no name or no key');
  if (!isTexts(plugins)) throw new Error(`the plugins of ${name} in it are no list of names`);
  // The key says itself which one it is: an id that somebody wrote beside it is checked.
  const signer = trustedSigner(pem, { name, plugins, now: momentOf(addedAt) });
  if (signer.keyId !== keyId) throw new Error(`the keyId of ${name} in it is not that of its key`);
  return signer;
}

function revocationOf(value: unknown): Revocation {
  const { id, type, reason, revokedAt } = recordOf(value) ?? {};
  if (typeof id !== 'string' || !idForm.test(id)) throw new Error('a revocation in it has no id');
  if (type !== 'key' && type !== 'digest') throw new Error(`the revocation of ${id} in it is of no known type`);
  return { id, type, reason: typeof reason === 'string' ? reason : '', revokedAt: momentOf(revokedAt) };
}

function momentOf(value: unknown): number {
  const moment = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(moment)) throw new Error('a moment in it cannot be read');
  return moment;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
