import type { KeyObject } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { messageOf } from '@hotswap/protocol';
import type { PluginManifest } from '@hotswap/protocol';
import { fail } from '../../errors.ts';
import { createLoader } from '../../loading/load-artifact.ts';
import { describeFile, readFolderManifest, readManifestText } from '../../loading/describe-plugin.ts';
import { type LocatedSource, locateSource } from '../../loading/plugin-source.ts';
import { readArchive } from '../../loading/read-archive.ts';
import { readCertificates } from '../certificates.ts';
import type { Content } from '../content-digest.ts';
import {
  type Envelope,
  formatEnvelope,
  formatStatement,
  payloadType,
  preAuthEncoding,
  type RawSignature,
} from '../envelope.ts';
import { contentOf, readEvidence, signatureFileOf } from '../evidence.ts';
import { keyIdOf, readPrivateKey, signData } from '../keys.ts';
import { strayFile } from '../verifier.ts';

/** What to sign with. */
export interface SigningOptions {
  /** Private key as PEM: Ed25519 or ECDSA P-256. */
  readonly key: string;
  readonly passphrase?: string;
  /** The key's certificate, then those above it, as PEM. Default: none, and hosts trust the key itself. */
  readonly certificates?: string;
  /** After that no host loads it any more. Default: never. */
  readonly expiresAt?: number;
  /** Adds a signature to the one that is there, which must be of the same bytes. Default false: it is replaced. */
  readonly isAdded?: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What signing made. */
export interface SignedPlugin {
  readonly plugin: string;
  readonly version: string;
  /** Of the bytes that are signed: `sha256:` and hex. */
  readonly digest: string;
  /** The file with the signature. */
  readonly file: string;
  readonly keyId: string;
  readonly signatures: number;
}

/** Milliseconds that reading a plugin to sign it may take. */
const readTimeout = 120_000;

/**
 * Signs an archive, a folder or a single file as it is now; the signature is written beside it, or into the folder.
 *
 * @throws SOURCE_NOT_FOUND, SOURCE_UNSUPPORTED, CONTENT_UNSIGNABLE, MANIFEST_INVALID, ARCHIVE_REFUSED, KEY_UNUSABLE,
 * FILE_NOT_SIGNED, SIGNATURE_MALFORMED, SIGNATURE_OF_ANOTHER, and what building a folder throws
 */
export async function signPlugin(source: string, options: SigningOptions): Promise<SignedPlugin> {
  const key = readPrivateKey(options.key, 'the key to sign with', options.passphrase);
  const { certificates } = options;
  if (certificates !== undefined) checkCertificates(certificates, key);
  const located = await locateSource(source);
  const content = await contentOf(located);
  const file = signatureFileOf(located);
  if (content === undefined || file === undefined) throw fail('SOURCE_UNSUPPORTED', { source });
  const { name, version } = await manifestOf(located, content);
  if (located.type !== 'archive') await refuseStrays(located, { source, content });
  const statement = {
    name,
    version,
    digest: content.digest,
    signedAt: options.now,
    expiresAt: options.expiresAt,
  };
  const earlier =
    options.isAdded === true ? await earlierEnvelope(located, { source, digest: content.digest }) : undefined;
  const payload = earlier?.payload ?? formatStatement(statement);
  const keyId = keyIdOf(key);
  const bytes = signData(key, preAuthEncoding(payloadType, payload));
  const others = earlier?.signatures.filter((signature) => signature.keyId !== keyId) ?? [];
  const signatures: readonly RawSignature[] = [...others, { keyId, bytes, certificates }];
  await writeFile(file, formatEnvelope(payload, signatures));
  return { plugin: name, version, digest: content.digest, file, keyId, signatures: signatures.length };
}

/**
 * Builds what is about to be signed, and lets go of it again: what takes in more than its signature covers is told to
 * its author, and not to everybody who loads it.
 */
async function refuseStrays(
  located: LocatedSource,
  { source, content }: { readonly source: string; readonly content: Content },
): Promise<void> {
  const examined = { source, content, evidence: { type: 'none' }, isOfHost: false } as const;
  const loader = createLoader({
    verifier: {
      examine: async () => examined,
      admit: async (_, artifact, files = []) => {
        const stray = await strayFile(artifact.manifest.name, content, files);
        if (stray) throw stray;
        return artifact;
      },
    },
  });
  try {
    await loader.load(pathOf(located), { signal: AbortSignal.timeout(readTimeout) });
  } finally {
    await loader.close();
  }
}

function pathOf(located: LocatedSource): string {
  if (located.type === 'folder') return located.folder;
  return located.type === 'memory' ? located.plugin.name : located.file;
}

/** What a source says of itself. Of an archive exactly the bytes that were hashed are read. */
export async function manifestOf(located: LocatedSource, content: Content): Promise<PluginManifest> {
  switch (located.type) {
    case 'folder':
      return (await readFolderManifest(located.folder)).manifest;
    case 'file':
      return describeFile(located.file, located.folder).manifest;
    case 'archive': {
      const { file } = located;
      const archive = { path: file, bytes: content.bytes };
      const text = (await readArchive(archive, AbortSignal.timeout(readTimeout))).get('package.json');
      if (text === undefined)
        throw fail('ARCHIVE_REFUSED', { path: file, entry: 'package.json', reason: 'is missing' });
      return readManifestText(text, `${file}/package.json`);
    }
    default:
      throw fail('SOURCE_UNSUPPORTED', { source: located.type });
  }
}

/** A second signer signs what the first has signed, to the byte. */
async function earlierEnvelope(
  located: LocatedSource,
  { source, digest }: { readonly source: string; readonly digest: string },
): Promise<Envelope | undefined> {
  const evidence = await readEvidence(located);
  if (evidence.type === 'none') return undefined;
  if (evidence.type === 'malformed') throw fail('SIGNATURE_MALFORMED', { source, reason: evidence.reason });
  const { statement } = evidence.envelope;
  if (statement.digest === digest) return evidence.envelope;
  throw fail('SIGNATURE_OF_ANOTHER', {
    source,
    reason: `it is for ${statement.digest}, but what is there has ${digest}`,
  });
}

function checkCertificates(pem: string, key: KeyObject): void {
  const what = 'the certificate to sign with';
  let isOfKey: boolean;
  try {
    isOfKey = readCertificates(pem)[0]?.checkPrivateKey(key) === true;
  } catch (error) {
    throw fail('KEY_UNUSABLE', { what, reason: messageOf(error) }, { cause: error });
  }
  if (!isOfKey) throw fail('KEY_UNUSABLE', { what, reason: 'the first one in the file is of another key' });
}
