import { access, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { definedIn } from '../defined-in.ts';

/** Where a definition can be loaded from anew. */
export interface PluginFile {
  readonly entry: string;
  /** The folder of its package: what it imports lies in there. */
  readonly root: string;
}

/**
 * The file whose default export a definition is, as far as that can be told from outside: the file calls `definePlugin`
 * once. Where it calls it more often the wrong plugin might be loaded, so there is no answer.
 */
export async function pluginFile(definition: object): Promise<PluginFile | undefined> {
  const noted = definedIn(definition);
  if (noted === undefined) return undefined;
  const entry = noted.startsWith('file:') ? fileURLToPath(noted) : noted;
  const text = await readFile(entry, 'utf8').catch(() => '');
  const isAlone =
    text.match(/\bdefinePlugin\s*[<(]/g)?.length === 1 && /\bexport\s+default\b|\bas\s+default\b/.test(text);
  return isAlone ? { entry, root: await packageFolder(dirname(entry)) } : undefined;
}

/** The nearest folder with a `package.json`; without one, the folder itself. */
async function packageFolder(folder: string): Promise<string> {
  for (let above = folder; above !== dirname(above); above = dirname(above)) {
    const isPackage = await access(join(above, 'package.json')).then(
      () => true,
      () => false,
    );
    if (isPackage) return above;
  }
  return folder;
}
