import { realpath } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';

/**
 * The first file, by its real path, that is in none of the roots. A bundler takes any file of the machine that a plugin
 * names, so what it made is looked at before anyone gets it. Asking it before each file would double the build's time.
 */
export async function firstOutside(files: readonly string[], roots: readonly string[]): Promise<string | undefined> {
  const real = await Promise.all(files.map((file) => realpath(file).catch(() => file)));
  return real.find((file) => !roots.some((root) => isInside(file, root)));
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
