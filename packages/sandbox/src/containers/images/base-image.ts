import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { TarEntry } from './tar.ts';
import { findLibraries } from '../../node/libraries.ts';

/** What the base image is made of. */
export interface BaseContents {
  /** Over every path and every byte in it. */
  readonly digest: string;
  readonly entries: readonly TarEntry[];
}

const folders = ['dev', 'etc', 'proc', 'run', 'sys', 'tmp', 'usr', 'usr/bin'];

/**
 * The smallest image that Node runs in: its own file and the libraries it is linked to. Of this host, so that no
 * registry is asked.
 */
export async function baseContents(node = process.execPath): Promise<BaseContents> {
  const libraries = (await findLibraries(node)).toSorted();
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
