import { join } from 'node:path';

import { isLeftOver } from './group-name.ts';
import { foldersIn, isWritable } from './pseudo-files.ts';

/** Groups lie no deeper, and a walk comes to an end. */
const deepest = 8;

/**
 * Groups of hosts that are gone, anywhere below some mounts: a host may come back in another group than it was in.
 * @param mounts By any label.
 * @returns the folders that hold each group, by its name and then by the label of the mount
 */
export function findLeftovers(mounts: ReadonlyMap<string, string>): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const found = new Map<string, Map<string, string>>();
  const walk = (label: string, folder: string, depth: number): void => {
    for (const name of foldersIn(folder)) {
      if (isLeftOver(name)) {
        // Those of another user's host are that user's.
        if (!isWritable(join(folder, name))) continue;
        found.set(name, (found.get(name) ?? new Map<string, string>()).set(label, folder));
      } else if (depth < deepest) walk(label, join(folder, name), depth + 1);
    }
  };
  for (const [label, mount] of mounts) walk(label, mount, 0);
  return found;
}
