import type { ContainerMount } from './run-arguments.ts';

/** What decides about mounts; each path absolute and without links. */
export interface MountRules {
  /** Files and folders of the host that may be mounted, as the operator listed them, and what lies in them. */
  readonly allowed: readonly ContainerMount[];
  /** What is never mounted, nor a folder that it lies in: sockets of engines, the data folder. */
  readonly guarded: readonly string[];
}

/** Folders that describe or steer the host. */
const systemFolders = ['/proc', '/sys', '/dev', '/run', '/var/run', '/boot'];
/** Where an engine listens, whichever is used here. */
const engineSockets = [
  '/var/run/docker.sock',
  '/run/docker.sock',
  '/run/podman',
  '/run/containerd',
  '/run/crio',
  '/var/lib/containers',
  '/var/lib/docker',
  '/var/lib/containerd',
];
/** What the container has of its own. */
const ownFolders = [
  '/proc',
  '/sys',
  '/dev',
  '/run',
  '/hotswap',
  '/usr/bin',
  '/usr/lib',
  '/lib',
  '/lib64',
  '/bin',
  '/sbin',
];

/**
 * Why a mount is refused; undefined: it may be.
 *
 * @param mount its `source` absolute and without links
 */
export function refusalOf(mount: ContainerMount, { allowed, guarded }: MountRules): string | undefined {
  const { source, target = source, writable = false } = mount;
  if (!isPlain(source) || !isPlain(target))
    return 'a path that is mounted is absolute and has no comma, quote or line break';
  const system = systemFolders.find((folder) => isWithin(source, folder) || isWithin(folder, source));
  if (system !== undefined) return `${system} belongs to the host alone`;
  const secret = [...engineSockets, ...guarded].find((path) => isWithin(source, path) || isWithin(path, source));
  if (secret !== undefined) return `${secret} is never given to a container`;
  const taken = [...ownFolders, '/tmp'].find((folder) => isWithin(folder, target));
  const within = ownFolders.find((folder) => isWithin(target, folder));
  if (taken !== undefined || within !== undefined) {
    return `${taken ?? within} is the container's own; mount it elsewhere`;
  }
  const entry = allowed.find((one) => isWithin(source, one.source) && (one.writable === true || !writable));
  if (entry !== undefined) return undefined;
  const wish = writable ? 'for writing' : 'for reading';
  return `no mount that is allowed has it ${wish}`;
}

/** Whether a path is a folder or lies in it. */
function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

function isPlain(path: string): boolean {
  return path.startsWith('/') && !/[,"'\r\n\0]/.test(path) && !path.split('/').includes('..');
}
