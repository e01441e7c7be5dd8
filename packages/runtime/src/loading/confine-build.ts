import { realpath } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { OnLoadResult, Plugin } from 'esbuild';

/** Why a file may not go into a bundle; travels as the `detail` of an esbuild error. */
export interface Refusal {
  readonly refused: 'outside' | 'native';
  readonly file: string;
}

/**
 * Keeps a build inside the plugin's folder and the `node_modules` that apply to it.
 *
 * Every file is checked before it is read, by its real path: a bundler would otherwise inline any file of the machine,
 * and show its text in an error.
 *
 * @param roots real paths of the folders that files may come from
 */
export function confineBuild(roots: readonly string[]): Plugin {
  return {
    name: 'confine-build',
    setup(build) {
      build.onLoad({ filter: /.*/ }, async ({ path, namespace }): Promise<OnLoadResult | undefined> => {
        // A `data:` URL carries its text itself; no file is read.
        if (namespace !== 'file') return undefined;
        if (path.endsWith('.node')) return refuse({ refused: 'native', file: path });
        const file = await realpath(path).catch(() => path);
        return roots.some((root) => isInside(file, root)) ? undefined : refuse({ refused: 'outside', file });
      });
    },
  };
}

/** The folders a plugin's files may come from: its own, and each `node_modules` that Node would search from there. */
export async function rootsFor(folder: string, allowedRoots: readonly string[]): Promise<readonly string[]> {
  const candidates = [...allowedRoots, ...nodeModulesAbove(folder)];
  const real = await Promise.all(candidates.map((path) => realpath(path).catch(() => undefined)));
  return [folder, ...real.filter((path) => path !== undefined)];
}

/** `node_modules` of a folder and of all folders above it, whether they exist or not. */
export function nodeModulesAbove(folder: string): readonly string[] {
  const above = dirname(folder);
  return [join(folder, 'node_modules'), ...(above === folder ? [] : nodeModulesAbove(above))];
}

/** Whether a real path is the folder or something in it. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !/^[a-z]:/i.test(way);
}

function refuse(detail: Refusal): OnLoadResult {
  return { errors: [{ text: `${detail.file} is refused`, detail }] };
}
