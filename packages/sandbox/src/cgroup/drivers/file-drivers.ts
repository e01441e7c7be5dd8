import { join } from 'node:path';

import type { CgroupDriver } from '../cgroup.ts';
import { newGroupName, type HostIdentity } from '../group-name.ts';
import type { Hierarchy } from '../hierarchies.ts';
import { findLeftovers } from '../leftovers.ts';
import { FileCgroup } from './file-cgroup.ts';
import type { GroupFiles } from './group-files.ts';
import { v1Files, v1InUse } from './v1-files.ts';
import { v2Files } from './v2-files.ts';

/** Groups under version 1, below the groups of this process, so that what holds for the host holds for them too. */
export function v1Driver(hierarchies: ReadonlyMap<string, Hierarchy>, host: HostIdentity): CgroupDriver {
  const inUse = [...hierarchies].filter(([controller]) => v1InUse.includes(controller));
  return fileDriver('cgroup v1', new Map(inUse), host, v1Files);
}

/** Groups under version 2, below a folder that `openV2Place` has opened. */
export function v2Driver(hierarchy: Hierarchy, host: HostIdentity): CgroupDriver {
  const label = 'unified';
  return fileDriver('cgroup v2', new Map([[label, hierarchy]]), host, (parents, name) =>
    v2Files(join(parents.get(label) ?? '', name)),
  );
}

/** @param filesOf The files of a group by its name, when the folders above it are known. */
function fileDriver(
  how: CgroupDriver['how'],
  hierarchies: ReadonlyMap<string, Hierarchy>,
  host: HostIdentity,
  filesOf: (parents: ReadonlyMap<string, string>, name: string) => GroupFiles,
): CgroupDriver {
  const folders = (which: keyof Hierarchy): ReadonlyMap<string, string> =>
    new Map([...hierarchies].map(([label, hierarchy]) => [label, hierarchy[which]]));
  return {
    how,
    create: (name, limits) => FileCgroup.create(filesOf(folders('own'), newGroupName(host, name)), limits),
    async removeLeftovers() {
      const left = findLeftovers(folders('mount'));
      await Promise.all([...left].map(([name, parents]) => endLeftover(new FileCgroup(filesOf(parents, name)))));
      return left.size;
    },
  };
}

async function endLeftover(group: FileCgroup): Promise<void> {
  await group.kill();
  await group.remove();
}
