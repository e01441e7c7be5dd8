import type { Cgroup } from '../cgroup/cgroup.ts';
import { rlimitLines } from './rlimits.ts';
import type { PrivateMount } from '../surroundings/shown-paths.ts';
import type { AppliedLimits } from './applied-limits.ts';

/** The steps between this process and the program, each of which becomes the next. */
export interface ChainOrder {
  /** Enters the group of processes, as the user of this process. */
  readonly group: Pick<Cgroup, 'enter' | 'enterLines'> | undefined;
  readonly uid: number | undefined;
  /** Made before the user is changed, in a tree of mounts that nobody else sees. */
  readonly mounts: readonly PrivateMount[];
  readonly setpriv: string | undefined;
  /** Undefined: limits of the kernel are left as they are. */
  readonly rlimits: AppliedLimits | undefined;
  /** Undefined: the program is started as it is, with this environment alone. */
  readonly bubblewrap: { readonly path: string; readonly argumentsDescriptor: number } | undefined;
  readonly environment: Readonly<Record<string, string>> | undefined;
  readonly program: readonly string[];
}

/** The whole command, outermost first. Nothing of it is secret but the environment, which bubblewrap reads elsewhere. */
export function commandLine(order: ChainOrder): readonly string[] {
  const { group, uid, mounts, setpriv, rlimits, bubblewrap, program, environment } = order;
  return [
    ...(mounts.length === 0 ? [] : ['unshare', '--mount', '--propagation', 'slave', '--']),
    // One shell for both, where that is enough: each program on the way costs most of a millisecond.
    ...(group?.enterLines === undefined ? (group?.enter ?? []) : []),
    ...shell([
      ...mounts.map(mountLine),
      ...(group?.enterLines ?? []),
      ...(rlimits === undefined ? [] : rlimitLines(rlimits, uid !== undefined)),
    ]),
    ...(uid === undefined || setpriv === undefined
      ? []
      : [setpriv, '--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--']),
    ...(bubblewrap === undefined
      ? bare(setpriv, environment)
      : [bubblewrap.path, '--args', String(bubblewrap.argumentsDescriptor), '--']),
    ...program,
  ];
}

function shell(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['/bin/sh', '-c', [...lines, 'exec "$@"'].join('\n'), 'sh'];
}

/** What was mounted must be what was looked at; a link put there meanwhile would show something else. */
function mountLine({ path, point, identity }: PrivateMount): string {
  const [from, to] = [quoted(path), quoted(point)];
  return `{ mount --bind ${from} ${to} && [ "$(stat -c %d:%i ${to})" = ${identity} ]; } || exit 72`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** Without bubblewrap it is still told to end with its host, and gets no environment but its own. */
function bare(setpriv: string | undefined, environment: ChainOrder['environment']): readonly string[] {
  return [
    ...(setpriv === undefined ? [] : [setpriv, '--pdeathsig', 'KILL', '--no-new-privs', '--']),
    ...(environment === undefined
      ? []
      : ['/usr/bin/env', '-i', ...Object.entries(environment).map(([name, value]) => `${name}=${value}`)]),
  ];
}
