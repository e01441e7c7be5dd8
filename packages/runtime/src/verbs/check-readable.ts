import { realpathSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { fail } from '../errors.ts';
import type { Artifact } from '../loading/artifact.ts';

/**
 * Refuses a plugin that wants to read what is neither in its own folder nor in one that its operator has named. Links
 * are followed first: where they lead counts. What is not there is left to the launch.
 *
 * @param readable folders, absolute
 * @throws PLUGIN_FILES_REFUSED
 */
export function checkReadable({ manifest, origin }: Artifact, readable: readonly string[]): void {
  const roots = [origin, ...readable].map(real);
  for (const path of manifest.capabilities?.files ?? []) {
    const wanted = real(resolve(origin, path));
    if (roots.some((root) => isInside(wanted, root))) continue;
    throw fail('PLUGIN_FILES_REFUSED', { plugin: manifest.name, path, real: wanted });
  }
}

function isInside(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : `${root}${sep}`);
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}
