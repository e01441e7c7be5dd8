import type { ContainerMount } from './run-arguments.ts';
import { tunnelText } from '../egress/guest/tunnel-connections.ts';
import type { AppliedLimits } from '../launch/applied-limits.ts';
import type { LaunchOptions } from '../launch-options.ts';
import type { LayerName, LayerState } from '../layers.ts';
import { guardPath, guardText } from '../node/guard.ts';
import { nodeFlags } from '../node/node-flags.ts';

/** Where the way out of a container is, inside: the same as in a sandbox. */
export const egressPath = '/run/hotswap/egress.sock';

/** What decides about the first process of a container. */
export interface ProgramFacts {
  /** On this host, what Node loads before the program; undefined: nothing. */
  readonly preload: string | undefined;
  /** Of its file, where its user may not read that. */
  readonly copy: string | undefined;
  readonly limits: AppliedLimits;
  /** What it sees of the host. */
  readonly mounts: readonly ContainerMount[];
  /** Whether its channel or its way out is a socket, which Node allows only with every other. */
  readonly usesSockets: boolean;
}

/** The first process of a container. */
export interface ContainerProgram {
  readonly entrypoint: string;
  readonly args: readonly string[];
  readonly mounts: readonly ContainerMount[];
  readonly layers: readonly LayerState[];
}

/** How a program is started in a container, with the layers of Node inside where it is one of Node. Pure. */
export function programOf(
  options: LaunchOptions,
  { preload, copy, limits, mounts, usesSockets }: ProgramFacts,
): ContainerProgram {
  const { program, native = false, without = [] } = options;
  const own = { source: copy ?? program.file, target: program.file };
  if (program.type === 'executable') {
    return { entrypoint: program.file, args: program.args ?? [], mounts: [own], layers: [] };
  }
  const targets = mounts.map(({ source, target = source }) => target);
  const writable = mounts.filter((mount) => mount.writable === true).map(({ source, target = source }) => target);
  const flags = nodeFlags({
    usesPermissions: !without.includes('permission-model'),
    preload: preload === undefined ? undefined : guardPath,
    read: [program.file, ...targets],
    write: ['/tmp', ...writable],
    native,
    // Whatever it allows, there is no network to reach.
    network: usesSockets,
    memoryMB: limits.memoryMB,
    // Node warns of the permission for sockets at each start.
    flags: [...(usesSockets ? ['--disable-warning=ExperimentalWarning'] : []), ...(options.nodeFlags ?? [])],
  });
  return {
    entrypoint: 'node',
    args: [...flags, program.file, ...(program.args ?? [])],
    mounts: [own, ...(preload === undefined ? [] : [{ source: preload, target: guardPath }])],
    layers: (['permission-model', 'guard'] as const).map((layer) => stateOf(layer, without)),
  };
}

/** What Node loads before the program; empty: nothing. Pure. */
export function preloadText({ program, native = false, without = [], egress }: LaunchOptions): string {
  if (program.type === 'executable') return '';
  const ways = egress === undefined ? '' : tunnelText(egressPath);
  return without.includes('guard') ? ways : `${ways}${guardText({ native })}`;
}

function stateOf(layer: LayerName, without: readonly LayerName[]): LayerState {
  return { layer, status: without.includes(layer) ? 'off' : 'used' };
}
