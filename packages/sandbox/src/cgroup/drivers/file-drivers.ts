import { join } from 'node:path';

import type { CgroupDriver } from '../cgroup.ts';
import { groupName, type HostIdentity, isLeftOver } from '../group-name.ts';
import { foldersIn } from '../pseudo-files.ts';
import { FileCgroup } from './file-cgroup.ts';
import type { GroupFiles } from './group-files.ts';
import { v1Files } from './v1-files.ts';
import { v2Files } from './v2-files.ts';

/**
 * Groups under version 1, below the groups of this process, so that what holds for the host holds for them too.
 * @param parents The folder of this process's group, by controller.
 */
export function v1Driver(parents: ReadonlyMap<string, string>, host: HostIdentity): CgroupDriver {
  return fileDriver('cgroup v1', [...parents.values()], host, (name) => v1Files(parents, name));
}

/** Groups under version 2, below a folder that `openV2Place` has opened. */
export function v2Driver(folder: string, host: HostIdentity): CgroupDriver {
  return fileDriver('cgroup v2', [folder], host, (name) => v2Files(join(folder, name)));
}

function fileDriver(
  how: CgroupDriver['how'],
  parents: readonly string[],
  host: HostIdentity,
  filesOf: (name: string) => GroupFiles,
): CgroupDriver {
  return {
    how,
    create: (name, limits) => FileCgroup.create(filesOf(groupName(host, name)), limits),
    async removeLeftovers() {
      const names = new Set(parents.flatMap((parent) => foldersIn(parent)).filter(isLeftOver));
      await Promise.all([...names].map((name) => endLeftover(new FileCgroup(filesOf(name)))));
      return names.size;
    },
  };
}

async function endLeftover(group: FileCgroup): Promise<void> {
  await group.kill();
  await group.remove();
}
