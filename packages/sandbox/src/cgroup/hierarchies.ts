/** Where control groups are mounted on this host, and which group this process is in. Pure: texts in, places out. */
export interface Hierarchies {
  /** Version 1, by controller. */
  readonly v1: ReadonlyMap<string, Hierarchy>;
  /** Version 2, where it is mounted. */
  readonly v2: Hierarchy | undefined;
}

/** Folders: of the topmost group that can be seen, and of this process's own. */
export interface Hierarchy {
  readonly mount: string;
  readonly own: string;
}

interface Mount {
  readonly root: string;
  readonly folder: string;
  readonly type: string;
  readonly options: readonly string[];
}

/**
 * @param mountinfo The text of `/proc/self/mountinfo`.
 * @param membership The text of `/proc/self/cgroup`.
 */
export function parseHierarchies(mountinfo: string, membership: string): Hierarchies {
  const mounts = mountinfo
    .split('\n')
    .map(parseMount)
    .filter((one) => one !== undefined);
  const v1 = new Map<string, Hierarchy>();
  let v2: Hierarchy | undefined;
  for (const line of membership.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    if (controllers === '') {
      const mount = mounts.find(({ type }) => type === 'cgroup2');
      const own = mount && folderOf(mount, path);
      if (mount !== undefined && own !== undefined) v2 = { mount: mount.folder, own };
      continue;
    }
    for (const controller of controllers.split(',')) {
      const mount = mounts.find(({ type, options }) => type === 'cgroup' && options.includes(controller));
      const own = mount && folderOf(mount, path);
      if (mount !== undefined && own !== undefined) v1.set(controller, { mount: mount.folder, own });
    }
  }
  return { v1, v2 };
}

/** `31 23 0:28 /root /folder options [optional fields] - type source superOptions` */
function parseMount(line: string): Mount | undefined {
  const [before, after] = line.split(' - ');
  const [, , , root, folder] = before?.split(' ') ?? [];
  const [type, , options] = after?.split(' ') ?? [];
  if (root === undefined || folder === undefined || type === undefined) return undefined;
  return { root: unescaped(root), folder: unescaped(folder), type, options: options?.split(',') ?? [] };
}

/** A mount may show only a part of the hierarchy, as in a container: outside of that part there is no folder. */
function folderOf({ root, folder }: Mount, path: string): string | undefined {
  if (root === '/') return path === '/' ? folder : `${folder}${path}`;
  if (path === root) return folder;
  return path.startsWith(`${root}/`) ? `${folder}${path.slice(root.length)}` : undefined;
}

/** The kernel writes blanks and backslashes as three octal digits. */
function unescaped(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 8)));
}
