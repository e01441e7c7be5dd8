import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { fail } from '../../errors.ts';
import { type PluginSource, sourcePath } from '../../loading/plugin-source.ts';

const codeFiles: readonly string[] = ['.ts', '.mts', '.js', '.mjs', '.tgz'];

/** The plugins in a folder: sub-folders with a `package.json`, code files and archives. */
export async function findPlugins(directory: string): Promise<readonly PluginSource[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    throw fail('PLUGIN_DIRECTORY_UNREADABLE', { directory }, { cause: error });
  });
  const sources = entries
    .filter(({ name }) => !name.startsWith('.') && name !== 'node_modules' && !/\.(test|d)\.m?ts$/.test(name))
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink() || codeFiles.includes(extname(entry.name)))
    .map((entry) => join(directory, entry.name))
    .toSorted();
  const isPlugin = await Promise.all(
    sources.map(async (path) => extname(path) !== '' || (await nameIn(path)) !== undefined),
  );
  return sources.filter((_, index) => isPlugin[index]);
}

/** The name a source is known by before it is loaded: what its `package.json` says, else its file's name. */
export async function provisionalName(source: PluginSource): Promise<string> {
  if (typeof source === 'object' && 'name' in source) return source.name;
  const path = sourcePath(source);
  return (await nameIn(path)) ?? basename(path, extname(path)).toLowerCase();
}

async function nameIn(folder: string): Promise<string | undefined> {
  try {
    const manifest: unknown = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const isNamed = typeof manifest === 'object' && manifest !== null && 'name' in manifest;
    return isNamed && typeof manifest.name === 'string' ? manifest.name : basename(folder);
  } catch (error) {
    // A broken manifest is still a plugin: loading it says what is wrong.
    return error instanceof SyntaxError ? basename(folder) : undefined;
  }
}
