import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@hotswap/protocol';
import type { LocatedSource } from '../loading/plugin-source.ts';
import { type Content, digestOfFile, digestOfFolder, folderSignature } from './content-digest.ts';
import { type Envelope, maxEnvelopeBytes, parseEnvelope } from './envelope.ts';
import type { SignatureFacts } from './judge.ts';
import { findSigners } from './signers.ts';
import type { Trust } from './trust.ts';

/** What came with a source to vouch for it, as it was read. */
export type Evidence =
  | { readonly type: 'none' }
  | { readonly type: 'malformed'; readonly reason: string }
  | { readonly type: 'envelope'; readonly envelope: Envelope };

/** Where the signature of a source lies: beside an archive or a file, inside a folder. Undefined: it can have none. */
export function signatureFileOf(located: LocatedSource): string | undefined {
  switch (located.type) {
    case 'archive':
    case 'file':
      return `${located.file}.dsse.json`;
    case 'folder':
      return join(located.folder, folderSignature);
    default:
      return undefined;
  }
}

/** The digest that a signature of the source is for. Undefined: it has none. @throws CONTENT_UNSIGNABLE */
export async function contentOf(located: LocatedSource): Promise<Content | undefined> {
  switch (located.type) {
    case 'archive':
    case 'file':
      return digestOfFile(located.file);
    case 'folder':
      return digestOfFolder(located.folder);
    default:
      return undefined;
  }
}

/** Reads the signature of a source. What cannot be read is no signature, and says why. */
export async function readEvidence(located: LocatedSource): Promise<Evidence> {
  const file = signatureFileOf(located);
  if (file === undefined) return { type: 'none' };
  try {
    return { type: 'envelope', envelope: parseEnvelope(await readHead(file)) };
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return isAbsent ? { type: 'none' } : { type: 'malformed', reason: messageOf(error) };
  }
}

/** What can be said of a signature, given whom the host trusts. */
export function factsOf(evidence: Evidence, trust: Trust, now: number): SignatureFacts | undefined {
  if (evidence.type === 'none') return undefined;
  if (evidence.type === 'malformed') return evidence;
  const { envelope } = evidence;
  const { statement, signatures } = envelope;
  return {
    type: 'statement',
    statement,
    signers: findSigners(envelope, trust, now),
    signatureCount: signatures.length,
  };
}

/** As much of a file as a signature can have, and one byte more: a huge one is never in memory whole. */
async function readHead(file: string): Promise<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    if (!(await handle.stat()).isFile()) throw new Error('it is no file');
    const buffer = Buffer.alloc(maxEnvelopeBytes + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) return buffer.subarray(0, length);
    }
  } finally {
    await handle.close();
  }
}
