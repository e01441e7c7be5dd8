import { createReadStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { isCodedError, messageOf } from '@hotswap/protocol';
import { extract } from 'tar-stream';
import type { Header } from 'tar-stream';
import { fail } from '../errors.ts';

/** How much an archive may hold. */
export interface ArchiveLimits {
  readonly maxEntries: number;
  /** Bytes after decompression, tar headers included. */
  readonly maxBytes: number;
}

const defaultLimits: ArchiveLimits = { maxEntries: 10_000, maxBytes: 200 * 1_048_576 };
/** An archive: by its path, and by its bytes where somebody has read them and decided on them. */
export interface Archive {
  readonly path: string;
  readonly bytes?: Uint8Array | undefined;
}

/** What the tar reader yields: streams of a library whose types this project does not have. */
interface Entry {
  readonly header: Header;
  resume(): unknown;
  [Symbol.asyncIterator](): AsyncIterator<unknown>;
}

/** What a plugin can be made of; anything else in an archive is counted and skipped. */
const readable = /\.(?:json|js|mjs|map)$/;

/**
 * Reads the text files of a `.tgz` into memory. Nothing is written to disk.
 *
 * @returns text by path inside the archive, without npm's leading `package/`
 * @throws ARCHIVE_REFUSED
 */
export async function readArchive(
  { path, bytes }: Archive,
  signal: AbortSignal,
  limits = defaultLimits,
): Promise<ReadonlyMap<string, string>> {
  const unpacked = extract();
  const files = new Map<string, string>();
  const reading = readEntries(unpacked, path, limits.maxEntries, files);
  // Bytes that were hashed are not read a second time: the file may be another by now.
  const packed = bytes === undefined ? createReadStream(path) : Readable.from([bytes]);
  const flowing = pipeline(packed, createGunzip(), countBytes(path, limits.maxBytes), unpacked, {
    signal,
  });
  const outcomes = await Promise.allSettled([reading, flowing]);
  signal.throwIfAborted();
  const causes = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  if (causes.length === 0) return files;
  // Each side fails when the other does; the refusal is the reason of both.
  throw (
    causes.find(isCodedError) ??
    fail(
      'ARCHIVE_REFUSED',
      { path, entry: '(all)', reason: `cannot be read: ${messageOf(causes[0])}` },
      { cause: causes[0] },
    )
  );
}

async function readEntries(
  entries: AsyncIterable<Entry>,
  path: string,
  maxEntries: number,
  files: Map<string, string>,
): Promise<void> {
  const seen = new Set<string>();
  for await (const entry of entries) {
    const { name } = entry.header;
    const reason = seen.size >= maxEntries ? `is one of more than ${maxEntries}` : refusalOf(entry.header, seen);
    if (reason !== undefined) throw fail('ARCHIVE_REFUSED', { path, entry: name, reason });
    seen.add(name);
    const inside = name.replace(/^package\//, '');
    if (entry.header.type === 'file' && readable.test(name)) files.set(inside, await textOf(entry));
    else entry.resume();
  }
}

function refusalOf({ name, type }: Header, seen: ReadonlySet<string>): string | undefined {
  if (type !== 'file' && type !== 'directory') return `is a ${type}; only files and folders are taken`;
  if (/^(?:[\\/]|[a-z]:)/i.test(name)) return 'has an absolute path';
  if (name.split(/[\\/]/).includes('..')) return 'leads out of the archive';
  if (name.includes('\\') || name.includes('\0')) return 'has a name that is not portable';
  if (seen.has(name)) return 'is there twice';
  return undefined;
}

async function textOf(entry: Entry): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of entry) if (chunk instanceof Uint8Array) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function countBytes(path: string, maxBytes: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= maxBytes) done(null, chunk);
      else done(fail('ARCHIVE_REFUSED', { path, entry: '(all)', reason: `unpacks to more than ${maxBytes} bytes` }));
    },
  });
}
