import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { ExecutableField, PluginManifest } from '@hotswap/protocol';
import type { Artifact } from './artifact.ts';
import { pluginDigest } from './plugin-digest.ts';
import { fail } from '../errors.ts';

/** A plugin's folder with more in it holds something that does not belong there. */
const mostFiles = 50_000;
/** What keeps its history is not the plugin. Everything else can be run, also what an interpreter has put aside. */
const left = new Set(['.git', '.hg', '.svn']);

/** What a folder holds: a digest over names and bytes, and the files. */
export interface FolderContent {
  /** SHA-256 in hex. */
  readonly digest: string;
  /** Absolute paths. */
  readonly files: readonly string[];
}

/**
 * The artifact of a plugin that is a program of its own. Its folder is read, never run; `files` are what watching looks at.
 *
 * @throws PLUGIN_FOLDER_TOO_LARGE
 */
export async function executableArtifact(
  { manifest, executable, root }: { manifest: PluginManifest; executable: ExecutableField; root: string },
  signal: AbortSignal,
): Promise<Artifact> {
  const { digest: content, files } = await readFolderContent(root, signal);
  return {
    manifest,
    digest: pluginDigest(manifest, content),
    program: { type: 'executable', executable, root, content },
    origin: root,
    inputs: files,
  };
}

/**
 * Digests every file in a folder, and where links point, which are not followed. The same content gives the same digest
 * on every machine.
 *
 * @param most files that there may be; default 50,000
 * @throws PLUGIN_FOLDER_TOO_LARGE
 */
export async function readFolderContent(root: string, signal: AbortSignal, most = mostFiles): Promise<FolderContent> {
  const total = createHash('sha256');
  const files: string[] = [];
  for await (const { path, isLink } of entriesOf(root)) {
    signal.throwIfAborted();
    files.push(path);
    if (files.length > most) throw fail('PLUGIN_FOLDER_TOO_LARGE', { folder: root, mostFiles: most });
    const content = isLink ? `-> ${await readlink(path)}` : await digestOf(path, signal);
    total.update(`${relative(root, path)}\0${content}\0`);
  }
  return { digest: total.digest('hex'), files };
}

/** Files and links, in the order of their names. */
async function* entriesOf(folder: string): AsyncGenerator<{ readonly path: string; readonly isLink: boolean }> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink()) yield { path, isLink: true };
    else if (entry.isFile()) yield { path, isLink: false };
    else if (entry.isDirectory() && !left.has(entry.name)) yield* entriesOf(path);
  }
}

async function digestOf(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { signal })) hash.update(chunk);
  return hash.digest('hex');
}
