import { execFile } from 'node:child_process';
import { access, constants, realpath } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { CgroupDriver } from '../cgroup/cgroup.ts';
import { findLibraries } from '../node/libraries.ts';
import { Watchdog } from '../run/watchdog.ts';
import { isSeccompArch, seccompFilter } from '../seccomp/seccomp-filter.ts';
import { HostFolder } from '../surroundings/host-folder.ts';
import { SandboxUsers } from '../surroundings/sandbox-user.ts';

const run = promisify(execFile);
const tryMs = 5_000;

/** What every launch of this process stands on, found once. */
export interface LaunchGround {
  /** Absolute paths of the tools; undefined: not on the PATH. */
  readonly bubblewrap: string | undefined;
  readonly setpriv: string | undefined;
  readonly node: string;
  /** Known only after the groups were tried. */
  readonly cgroups: CgroupDriver | undefined;
  readonly users: SandboxUsers;
  readonly folder: HostFolder;
  readonly watchdog: Watchdog;
  /** For a group of processes: another for each launch. */
  readonly nextName: () => string;
  /** Whether this process may make mounts that only a launch of its own sees; tried once, when it is first asked. */
  readonly canMountPrivately: () => Promise<boolean>;
  /** The libraries of a program; those of Node are known already. */
  readonly librariesOf: (program: string) => Promise<readonly string[]>;
  /** The filter of system calls; undefined: there is none for this architecture. */
  readonly filter: (program: 'node' | 'executable') => Buffer | undefined;
}

/** Looks for what launches need. Starts nothing but `ldd`. */
export async function findGround(): Promise<LaunchGround> {
  const node = await realpath(process.execPath);
  const libraries = new Map([[node, findLibraries(node)]]);
  const filters = new Map<string, Buffer>();
  const [bubblewrap, setpriv, folder] = await Promise.all([onPath('bwrap'), onPath('setpriv'), HostFolder.open()]);
  await libraries.get(node);
  let launches = 0;
  let privateMounts: Promise<boolean> | undefined;
  return {
    bubblewrap,
    setpriv,
    node,
    cgroups: undefined,
    users: new SandboxUsers(),
    folder,
    watchdog: new Watchdog(),
    nextName() {
      launches += 1;
      return `launch-${launches}`;
    },
    async canMountPrivately() {
      privateMounts ??= tryPrivateMounts();
      return await privateMounts;
    },
    librariesOf(program) {
      const known = libraries.get(program) ?? findLibraries(program);
      libraries.set(program, known);
      return known;
    },
    filter(program) {
      if (!isSeccompArch(process.arch)) return undefined;
      const known = filters.get(program) ?? seccompFilter({ arch: process.arch, program });
      filters.set(program, known);
      return known;
    },
  };
}

async function tryPrivateMounts(): Promise<boolean> {
  const args = ['--mount', '--propagation', 'slave', '--', 'mount', '--bind', '/', '/'];
  // With the environment that a launch has until its program begins: none.
  return await run('unshare', args, { timeout: tryMs, env: {} }).then(
    () => true,
    () => false,
  );
}

async function onPath(name: string): Promise<string | undefined> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter).filter((each) => each.startsWith('/'))) {
    const path = join(folder, name);
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}
