import { readFile, realpath } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { messageOf } from '@hotswap/protocol';
import type { PluginManifest } from '@hotswap/protocol';
import { fail } from '../errors.ts';
import type { BuildRequest } from './build/bundle.ts';
import { defaultManifest, readManifest } from './read-manifest.ts';

/** A plugin on disk before it is built: what it says of itself, and what to bundle. */
export interface DescribedPlugin {
  readonly manifest: PluginManifest;
  readonly request: BuildRequest;
  /** The file that holds the manifest; absent for a single file. */
  readonly manifestFile?: string;
}

/**
 * Reads the manifest of a folder and finds its entry. The path is a real path.
 *
 * @throws SOURCE_NOT_FOUND, MANIFEST_INVALID, ENGINE_UNSATISFIED, EXECUTABLE_NOT_PACKED
 */
export async function describeFolder(folder: string): Promise<DescribedPlugin> {
  const { manifest, manifestFile } = await readFolderManifest(folder);
  if (manifest.executable !== undefined) throw fail('EXECUTABLE_NOT_PACKED', { plugin: manifest.name, path: folder });
  const entry = await realpath(join(folder, manifest.main)).catch(() => {
    throw mainMissing(manifest, manifestFile);
  });
  return { manifest, request: { plugin: manifest.name, root: folder, entry, ...nativeOf(manifest) }, manifestFile };
}

/**
 * Reads the manifest of a folder.
 *
 * @throws SOURCE_NOT_FOUND, MANIFEST_INVALID, ENGINE_UNSATISFIED
 */
export async function readFolderManifest(
  folder: string,
): Promise<{ readonly manifest: PluginManifest; readonly manifestFile: string }> {
  const manifestFile = join(folder, 'package.json');
  const text = await readFile(manifestFile, 'utf8').catch((cause: unknown) => {
    throw fail('SOURCE_NOT_FOUND', { path: manifestFile }, { cause });
  });
  return { manifest: readManifestText(text, manifestFile), manifestFile };
}

/** The plugin that a single file is: named after the file, or after its folder when the file is an `index`. */
export function describeFile(file: string, folder: string): DescribedPlugin {
  const stem = basename(file, extname(file));
  const name = kebabCase(stem === 'index' ? basename(folder) : stem);
  // The name goes through the same checks as one that an author wrote.
  const { version, engines, main } = defaultManifest(name, '0.0.0', `./${basename(file)}`);
  const manifest = readManifest({ name, version, engines, main }, file);
  return { manifest, request: { plugin: name, root: folder, entry: file } };
}

/**
 * Reads a manifest from the text of a `package.json`.
 *
 * @throws MANIFEST_INVALID, ENGINE_UNSATISFIED
 */
export function readManifestText(text: string, where: string): PluginManifest {
  return readManifest(parseJson(text, where), where);
}

/** Whether a build may leave native addons in, as far as the manifest says so. */
export function nativeOf({ capabilities }: PluginManifest): Pick<BuildRequest, 'native'> {
  return { native: capabilities?.native === true };
}

/** The error for a manifest whose `main` names nothing. */
export function mainMissing({ main }: PluginManifest, where: string): Error {
  const problem = {
    path: 'main',
    message: `is ${JSON.stringify(main)}, and there is no such file; name the plugin's module`,
  };
  return fail('MANIFEST_INVALID', { where, summary: `main ${problem.message}`, problems: [problem] });
}

function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const problem = { path: '', message: `is not JSON: ${messageOf(cause)}` };
    throw fail('MANIFEST_INVALID', { where, summary: `the file ${problem.message}`, problems: [problem] }, { cause });
  }
}

function kebabCase(text: string): string {
  const words = text.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
  return words
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64);
}
