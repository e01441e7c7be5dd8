/** Something of the host that is visible inside, under the same path. */
export type Mount =
  | { readonly type: 'read' | 'write'; readonly path: string; readonly from: string }
  /** A file made of what a descriptor gives until its end. */
  | { readonly type: 'data'; readonly path: string; readonly descriptor: number }
  | { readonly type: 'socket'; readonly path: string; readonly from: string };

/** What bubblewrap is to do, decided. */
export interface BubblewrapOrder {
  /** False: only a mount and user namespace, for the filter of system calls and to die with the host. */
  readonly isolates: boolean;
  /** Bytes; undefined: the temp folder is one of the host, among the mounts. */
  readonly tempBytes: number | undefined;
  readonly mounts: readonly Mount[];
  readonly environment: Readonly<Record<string, string>>;
  readonly clearEnvironment: boolean;
  readonly folder: string;
  readonly statusDescriptor: number;
  readonly seccompDescriptor: number | undefined;
}

/** Inside, nobody; outside, the user that bubblewrap was started as. */
const insideUser = '65534';
/** Devices that hold nothing. There is no terminal and no shared memory. */
const devices = ['/dev/null', '/dev/zero', '/dev/full', '/dev/random', '/dev/urandom'];

/** The arguments for one launch. */
export function bubblewrapArguments(order: BubblewrapOrder): readonly string[] {
  return [
    ...(order.isolates ? isolation : ['--unshare-user', '--bind', '/', '/']),
    '--die-with-parent',
    '--new-session',
    '--uid',
    insideUser,
    '--gid',
    insideUser,
    '--cap-drop',
    'ALL',
    ...(order.isolates ? tree(order) : order.mounts.filter(({ type }) => type === 'data').flatMap(mountArguments)),
    ...(order.clearEnvironment ? ['--clearenv'] : []),
    ...Object.entries(order.environment).flatMap(([name, value]) => ['--setenv', name, value]),
    '--chdir',
    order.folder,
    '--json-status-fd',
    String(order.statusDescriptor),
    ...(order.seccompDescriptor === undefined ? [] : ['--seccomp', String(order.seccompDescriptor)]),
  ];
}

const isolation = ['--unshare-all', '--unshare-user', '--disable-userns', '--hostname', 'sandbox'];

function tree({ tempBytes, mounts }: BubblewrapOrder): readonly string[] {
  return [
    '--proc',
    '/proc',
    ...devices.flatMap((device) => ['--dev-bind', device, device]),
    ...(tempBytes === undefined ? [] : ['--perms', '1777', '--size', String(tempBytes), '--tmpfs', '/tmp']),
    ...mounts.flatMap(mountArguments),
    // Last: the folders that the mounts needed are made by then. It does not reach into the mounts.
    '--remount-ro',
    '/',
  ];
}

function mountArguments(mount: Mount): readonly string[] {
  switch (mount.type) {
    case 'read':
      return ['--ro-bind', mount.from, mount.path];
    case 'write':
      return ['--bind', mount.from, mount.path];
    case 'socket':
      return ['--bind', mount.from, mount.path];
    case 'data':
      return ['--perms', '0555', '--ro-bind-data', String(mount.descriptor), mount.path];
  }
}
