import type { ContainerMount } from './run-arguments.ts';
import type { AppliedLimits } from '../launch/applied-limits.ts';
import type { LaunchOptions } from '../launch-options.ts';
import type { LayerName, LayerState } from '../layers.ts';
import { guardPath } from '../node/guard.ts';
import { nodeFlags } from '../node/node-flags.ts';

/** Files on this host that every container of a Node program sees. */
export interface ProgramFiles {
  readonly guard: string;
  /** For a program that may load native addons. */
  readonly nativeGuard: string;
}

/** What decides about the first process of a container. */
export interface ProgramFacts {
  readonly files: ProgramFiles;
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
  { files, limits, mounts, usesSockets }: ProgramFacts,
): ContainerProgram {
  const { program, native = false, without = [] } = options;
  const own = { source: program.file };
  if (program.type === 'executable') {
    return { entrypoint: program.file, args: program.args ?? [], mounts: [own], layers: [] };
  }
  const guarded = !without.includes('guard');
  const targets = mounts.map(({ source, target = source }) => target);
  const writable = mounts.filter((mount) => mount.writable === true).map(({ source, target = source }) => target);
  const flags = nodeFlags({
    usesPermissions: !without.includes('permission-model'),
    guard: guarded ? guardPath : undefined,
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
    mounts: [own, ...(guarded ? [{ source: native ? files.nativeGuard : files.guard, target: guardPath }] : [])],
    layers: (['permission-model', 'guard'] as const).map((layer) => stateOf(layer, without)),
  };
}

function stateOf(layer: LayerName, without: readonly LayerName[]): LayerState {
  return { layer, status: without.includes(layer) ? 'off' : 'used' };
}
