import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { TarEntry } from './tar.ts';
import { findLibraries } from '../../node/libraries.ts';

/** What the base image is made of. */
export interface BaseContents {
  /** Over every path and every byte in it. */
  readonly digest: string;
  readonly entries: readonly TarEntry[];
}

/** Parts of the C library that this Node may do without and an addon not: in older ones they were libraries of their own. */
const partsOfC = ['libdl.so.2', 'libm.so.6', 'libpthread.so.0', 'librt.so.1', 'libutil.so.1'];

const folders = ['dev', 'etc', 'proc', 'run', 'sys', 'tmp', 'usr', 'usr/bin'];

/**
 * The smallest image that Node and its addons run in: its own file, the libraries it is linked to, and the C library whole. Of this host, so that no
 * registry is asked.
 */
export async function baseContents(node = process.execPath): Promise<BaseContents> {
  const linked = await findLibraries(node);
  const libraries = [...new Set([...linked, ...(await partsBeside(linked))])].toSorted();
  const parents = new Set(libraries.flatMap((library) => parentsOf(library.slice(1))));
  const entries: readonly TarEntry[] = [
    ...[...new Set([...folders, ...parents])]
      .toSorted()
      .map((path) => ({ path, mode: path === 'tmp' ? 0o1777 : 0o755 })),
    ...libraries.map((library) => ({ path: library.slice(1), source: library, mode: 0o755 })),
    { path: 'usr/bin/node', source: await realpath(node), mode: 0o755 },
  ];
  return { digest: await digestOf(entries), entries };
}

async function partsBeside(libraries: readonly string[]): Promise<readonly string[]> {
  const libc = libraries.find((path) => basename(path) === 'libc.so.6');
  const parts = libc === undefined ? [] : partsOfC.map((name) => join(dirname(libc), name));
  const isThere = await Promise.all(
    parts.map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return parts.filter((_, index) => isThere[index]);
}

function parentsOf(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

async function digestOf(entries: readonly TarEntry[]): Promise<string> {
  const whole = createHash('sha256');
  for (const { path, source, mode } of entries) {
    const content = createHash('sha256');
    if (source !== undefined) await pipeline(createReadStream(source, { highWaterMark: 1_048_576 }), content);
    whole.update(`${path} ${mode} ${source === undefined ? '-' : content.digest('hex')}\n`);
  }
  return whole.digest('hex');
}
