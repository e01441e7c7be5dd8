import { realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { fail } from '../errors.ts';

/**
 * The real path of a plugin that a caller named by path. It must lie inside one of the roots, also after every
 * link on the way is followed.
 *
 * @param path absolute, or relative to the first root
 * @param roots the plugin directory and the listed sources
 * @throws SOURCE_OUTSIDE_ROOT, SOURCE_NOT_FOUND
 */
export async function resolvePluginPath(path: string, roots: readonly string[]): Promise<string> {
  const outside = fail('SOURCE_OUTSIDE_ROOT', { path: JSON.stringify(path) });
  const wanted = resolve(roots[0] ?? '/', path);
  const realRoots = (await Promise.all(roots.map(realPathOf))).filter((root) => root !== undefined);
  // Before the path itself is looked up: outside the roots even "not found" would tell something.
  const spellings = [...roots.map((root) => resolve(root)), ...realRoots];
  if (path.includes('\0') || !spellings.some((root) => isInside(wanted, root))) throw outside;
  const real = await realPathOf(wanted);
  if (real === undefined) throw fail('SOURCE_NOT_FOUND', { path: JSON.stringify(path) });
  if (!realRoots.some((root) => isInside(real, root))) throw outside;
  return real;
}

function isInside(path: string, root: string): boolean {
  const step = relative(root, path);
  return step !== '..' && !step.startsWith(`..${sep}`) && !isAbsolute(step);
}

async function realPathOf(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

function isAbsence(error: unknown): boolean {
  const absences: readonly unknown[] = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EACCES'];
  return error instanceof Error && 'code' in error && absences.includes(error.code);
}
