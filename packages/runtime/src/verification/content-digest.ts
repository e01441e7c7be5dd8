import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readdir, readlink, realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { fail } from '../errors.ts';

/** What a digest was taken of. */
export interface Content {
  /** `sha256:` and hex. */
  readonly digest: string;
  /** The bytes, where they are one file: what was hashed is what is read. */
  readonly bytes: Buffer | undefined;
  /** The files that the digest covers, by real path, with the digest of each. */
  readonly files: ReadonlyMap<string, string>;
}

/** The signature inside a folder. */
export const folderSignature = 'hotswap.signature.json';

/** Bytes of an archive or a file; a release that is uploaded may have as many. */
const maxFileBytes = 100 * 1_048_576;
const maxFolderBytes = 512 * 1_048_576;
const maxFolderEntries = 50_000;

/**
 * The digest of a file: SHA-256 over its bytes. They are kept, so that nobody can exchange them afterwards.
 *
 * @throws CONTENT_UNSIGNABLE
 */
export async function digestOfFile(file: string): Promise<Content> {
  const bytes = await readBounded(file, maxFileBytes, file);
  const digest = `sha256:${sha256(bytes)}`;
  return { digest, bytes, files: new Map([[file, digest]]) };
}

/**
 * The digest of a folder: SHA-256 over the sorted list of its files, each with its path and the digest of its bytes.
 * `node_modules` in it counts. Left out, and therefore nothing that a build may take in: its own signature, archives
 * and signatures at its top, and `.git`.
 *
 * @param folder a real path
 * @throws CONTENT_UNSIGNABLE
 */
export async function digestOfFolder(folder: string): Promise<Content> {
  const lines: string[] = [];
  const files = new Map<string, string>();
  let bytesLeft = maxFolderBytes;
  for await (const entry of entriesOf(folder, folder)) {
    if (lines.length >= maxFolderEntries) throw unsignable(folder, `it has more than ${maxFolderEntries} files`);
    const name = JSON.stringify(relative(folder, entry.path).replaceAll(sep, '/'));
    if (entry.type === 'link') {
      await refuseWayOut(folder, entry.path);
      lines.push(`link ${sha256(await readlink(entry.path))} ${name}`);
      continue;
    }
    const bytes = await readBounded(entry.path, bytesLeft, folder);
    bytesLeft -= bytes.length;
    const digest = sha256(bytes);
    files.set(entry.path, `sha256:${digest}`);
    lines.push(`file ${digest} ${name}`);
  }
  // Sorted as text and not as the file system lists them: the same folder has the same digest everywhere.
  const listing = ['hotswap-folder-v1', ...lines.toSorted((a, b) => (pathIn(a) < pathIn(b) ? -1 : 1)), ''].join('\n');
  return { digest: `sha256:${sha256(Buffer.from(listing))}`, bytes: undefined, files };
}

/** The digest of one file as it is now; undefined if it is gone. */
export async function digestNow(file: string): Promise<string | undefined> {
  return readBounded(file, maxFolderBytes, file).then(
    (bytes) => `sha256:${sha256(bytes)}`,
    () => undefined,
  );
}

async function* entriesOf(
  root: string,
  folder: string,
): AsyncGenerator<{ readonly type: 'file' | 'link'; readonly path: string }> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (folder === root && isLeftOut(entry.name)) continue;
    if (entry.isDirectory()) yield* entriesOf(root, path);
    else if (entry.isSymbolicLink()) yield { type: 'link', path };
    else if (entry.isFile()) yield { type: 'file', path };
    else throw unsignable(root, `${relative(root, path)} is neither a file nor a folder nor a link`);
  }
}

/** What a link leads to outside would not be covered. One that leads nowhere is harmless. */
async function refuseWayOut(folder: string, link: string): Promise<void> {
  const target = await realpath(link).catch(() => folder);
  const way = relative(folder, target);
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) {
    throw unsignable(folder, `${relative(folder, link)} leads out of it`);
  }
}

function isLeftOut(name: string): boolean {
  return name === folderSignature || name === '.git' || name.endsWith('.tgz') || name.endsWith('.dsse.json');
}

async function readBounded(file: string, maxBytes: number, source: string): Promise<Buffer> {
  // Without waiting: a pipe under a file's name would hold the load up for ever.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const about = await handle.stat();
    if (!about.isFile()) throw unsignable(source, `${file} is no file`);
    if (about.size > maxBytes) throw unsignable(source, `it is larger than ${maxBytes} bytes`);
    const bytes = await handle.readFile();
    // It may have grown since it was asked.
    if (bytes.length > maxBytes) throw unsignable(source, `it is larger than ${maxBytes} bytes`);
    return bytes;
  } finally {
    await handle.close();
  }
}

function unsignable(source: string, reason: string): Error {
  return fail('CONTENT_UNSIGNABLE', { source, reason });
}

function pathIn(line: string): string {
  return line.slice(line.indexOf('"'));
}

function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
