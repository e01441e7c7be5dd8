import type { EngineKind } from './engine/find-engine.ts';
import type { ConfinementLimits } from '../confined-process.ts';
import type { AppliedLimits } from '../launch/applied-limits.ts';

/** A file or folder of the host as the container sees it. */
export interface ContainerMount {
  /** Absolute, on the host. */
  readonly source: string;
  /** Absolute, in the container; default: the same. */
  readonly target?: string;
  /** Default false. */
  readonly writable?: boolean;
}

/** All that is decided about a container before it is started. */
export interface RunPlan {
  readonly engine: EngineKind;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The id of an image that is there. */
  readonly image: string;
  /** Folders that the image declares as volumes of its own; they stay empty. */
  readonly imageVolumes: readonly string[];
  readonly uid: number;
  /** File of a profile of system calls, in the form of the Open Container Initiative, or `unconfined`; undefined: the engine's own. */
  readonly seccomp: string | undefined;
  readonly limits: AppliedLimits;
  /** A group of processes to start it in, which its maker removes; undefined: the engine's usual one. */
  readonly group: string | undefined;
  readonly mounts: readonly ContainerMount[];
  readonly environment: Readonly<Record<string, string>>;
  /** Variables that the engine's command has; their values are in no list of processes. */
  readonly inherited: readonly string[];
  /** Whether descriptor 3 is handed in; only podman can. */
  readonly passesChannel: boolean;
  /** Found on the path of the image, unless it is absolute. */
  readonly entrypoint: string;
  readonly args: readonly string[];
}

/** The words after the command of the engine that start this container. The same protection at both engines. */
export function runArguments(plan: RunPlan): readonly string[] {
  const { engine, name, labels, image, uid, seccomp, limits, mounts, environment, entrypoint, args } = plan;
  return [
    'run',
    `--name=${name}`,
    ...Object.entries(labels).map(([key, value]) => `--label=${key}=${value}`),
    '--pull=never',
    '--network=none',
    '--ipc=none',
    '--cgroupns=private',
    '--hostname=sandbox',
    '--log-driver=none',
    '--no-healthcheck',
    '--sig-proxy=false',
    '--read-only',
    `--tmpfs=/tmp:rw,size=${limits.diskMB}m,mode=1777,noexec,nosuid,nodev`,
    '--cap-drop=ALL',
    '--security-opt=no-new-privileges',
    ...(seccomp === undefined ? [] : [`--security-opt=seccomp=${seccomp}`]),
    `--user=${uid}:${uid}`,
    ...(plan.group === undefined ? [] : [`--cgroup-parent=/${plan.group}`]),
    ...memoryFlags(limits.memoryMB),
    `--cpus=${limits.cpuPercent / 100}`,
    `--pids-limit=${limits.processes}`,
    `--ulimit=nofile=${limits.openFiles}:${limits.openFiles}`,
    // Both engines would else ask for more than an ordinary host may give.
    `--ulimit=nproc=${limits.processes}:${limits.processes}`,
    '--ulimit=core=0:0',
    // Soft first: a program that catches SIGXCPU is killed a second later.
    ...(limits.cpuSeconds === undefined ? [] : [`--ulimit=cpu=${limits.cpuSeconds}:${limits.cpuSeconds + 1}`]),
    ...mounts.map((mount) => `--mount=${mountWords(mount)}`),
    ...Object.entries(environment).map(([key, value]) => `--env=${key}=${value}`),
    ...plan.inherited.map((key) => `--env=${key}`),
    ...(engine === 'podman' ? podmanOnly : plan.imageVolumes.map((folder) => `--tmpfs=${folder}:ro,size=1m,mode=0555`)),
    ...(plan.passesChannel ? ['--preserve-fds=1'] : []),
    `--entrypoint=${entrypoint}`,
    image,
    ...args,
  ];
}

/** What changes the limits of a running container; docker can change those of its processes too. */
export function updateArguments(engine: EngineKind, name: string, limits: ConfinementLimits): readonly string[] {
  const { memoryMB, cpuPercent, processes } = limits;
  return [
    'update',
    ...(memoryMB === undefined ? [] : memoryFlags(memoryMB)),
    ...(cpuPercent === undefined ? [] : [`--cpus=${cpuPercent / 100}`]),
    ...(processes === undefined || engine === 'podman' ? [] : [`--pids-limit=${processes}`]),
    name,
  ];
}

/** Without these podman adds writable folders of unlimited size and variables of the host. */
const podmanOnly = ['--read-only-tmpfs=false', '--http-proxy=false', '--env-host=false', '--image-volume=ignore'];

/** As much with swap as without: no swap. */
function memoryFlags(memoryMB: number): readonly string[] {
  return [`--memory=${memoryMB}m`, `--memory-swap=${memoryMB}m`];
}

function mountWords({ source, target = source, writable = false }: ContainerMount): string {
  const words = ['type=bind', `source=${source}`, `target=${target}`, 'bind-propagation=rprivate'];
  return [...words, ...(writable ? [] : ['readonly'])].join(',');
}
