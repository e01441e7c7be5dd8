import { availableParallelism } from 'node:os';
import { dirname, relative, resolve } from 'node:path';
import type { LayerState } from '@hotswap/sandbox';
import { type IsolationLevel, parseDuration, type PluginManifest } from '@hotswap/protocol';
import type { Logger } from '@hotswap/sdk';
import { ContainerDoor, type EngineLook } from './containers/container-door.ts';
import type { Dialect, IsolateSources } from './dialect.ts';
import { InProcessIsolate } from './in-process-isolate.ts';
import { rightsForAddons } from './native-addons.ts';
import type { PlaceLimits, PlaceOwner } from './places/place.ts';
import { ProcessPool } from './processes/process-pool.ts';
import { SandboxDoor } from './processes/sandbox-door.ts';
import { guestProcessFile, guestThreadCode } from './remote/guest-entry.ts';
import { RemoteIsolate } from './remote-isolate.ts';
import { trustOf } from './trust-domain.ts';
import { WorkerPool } from './threads/thread-pool.ts';
import type { TextProgram } from '../guest/compile.ts';
import type { HostClock } from '../host-services/system-clock.ts';
import type { RuntimeSettings } from '../runtime-options.ts';
import type { StuckThread } from '../status.ts';

/** What the isolates of a runtime are made with. */
export interface IsolatesParts {
  readonly settings: RuntimeSettings;
  readonly dialects: readonly Dialect[];
  readonly clock: HostClock;
  readonly log: Logger;
  /** The name of the process that operators let a plugin share. */
  readonly shareOf: (plugin: string) => string | undefined;
  /** Told of each thread that could not be ended. */
  readonly onStuckThread: (thread: StuckThread) => void;
}

/** Where plugins run, level by level. Nothing is started before the first plugin asks for it. */
export interface Isolates extends IsolateSources {
  readonly threads: WorkerPool;
  readonly processes: ProcessPool;
  readonly containers: ProcessPool;
  /** What stands between a confined process and this host; undefined while nobody has asked. */
  readonly layers: () => readonly LayerState[] | undefined;
  /** Looks at this host for what there could be. */
  readonly look: () => Promise<readonly LayerState[]>;
  /** Looks for an engine of containers. */
  readonly lookForEngine: () => Promise<EngineLook>;
  /** What an operator must know, in sentences. */
  readonly notices: () => readonly string[];
  readonly close: () => Promise<void>;
}

/** An engine takes longer to end a container than the kernel to end a process. */
const containerKillMs = 15_000;

/** Makes the isolates of every level there is. */
export function createIsolates(parts: IsolatesParts): Isolates {
  const { settings, dialects, clock, log, shareOf, onStuckThread } = parts;
  const { limits } = settings;
  const { security } = settings.config.plugins;
  const { maxMemoryMB, maxCPUPercent, maxThreads, maxFileHandles, maxNetworkConns } = security;
  const threads = new WorkerPool({
    entry: guestThreadCode,
    spares: limits.spares,
    memoryMB: maxMemoryMB,
    execArgv: ['--no-experimental-ffi'],
    clock,
    log,
    onStuck: onStuckThread,
  });
  const door = new SandboxDoor({ allowMissing: settings.allowMissing, log });
  const isLimited = Number.isFinite(settings.mostAllowed.maxCPUPercent);
  const usual = {
    memoryMB: maxMemoryMB,
    // Where nobody has set a limit, a process may use what the machine has.
    cpuPercent: isLimited ? maxCPUPercent : 100 * availableParallelism(),
    ...(maxThreads !== undefined && { processes: maxThreads }),
    ...(maxFileHandles !== undefined && { openFiles: maxFileHandles }),
    ...(maxNetworkConns !== undefined && { connections: maxNetworkConns }),
  };
  const processes = new ProcessPool({
    launch: (options) => door.launch(options),
    entry: guestProcessFile,
    spares: limits.spares,
    limits: usual,
    startCpuPercent: 100 * availableParallelism(),
    clock,
    log,
  });
  const containerDoor = new ContainerDoor({
    ...security.container,
    allowMissing: settings.allowMissing,
    data: settings.data,
    log,
  });
  const containers = new ProcessPool({
    launch: (options) => containerDoor.launch(options),
    entry: guestProcessFile,
    spares: limits.spares,
    limits: usual,
    killMs: containerKillMs,
    clock,
    log,
  });
  const limitsOf = (manifest: PluginManifest): PlaceLimits => ({
    ...usual,
    memoryMB: manifest.limits?.maxMemoryMB ?? usual.memoryMB,
    cpuPercent: manifest.limits?.maxCPUPercent ?? usual.cpuPercent,
    graceMs: callTimeoutOf(manifest, limits.callTimeoutMs) + limits.graceMs,
  });
  const confined = (level: IsolationLevel, pool: ProcessPool): RemoteIsolate =>
    new RemoteIsolate({
      level,
      pool,
      limitsOf,
      rightsOf: (manifest, program, signer) => rightsOf(manifest, program, { signer, share: shareOf(manifest.name) }),
    });
  return {
    threads,
    processes,
    containers,
    dialects,
    limitsOf,
    confine: (options) => door.launch(options),
    factories: {
      none: () => new InProcessIsolate('none'),
      basic: () => new InProcessIsolate('basic'),
      strict: () => new RemoteIsolate({ level: 'strict', pool: threads, limitsOf }),
      sandbox: () => confined('sandbox', processes),
      container: () => confined('container', containers),
    },
    layers: () => door.layers,
    look: () => door.look(),
    lookForEngine: () => containerDoor.look(),
    notices: () => [
      ...threads.notices(),
      ...processes.notices(),
      ...door.notices(),
      ...containers.notices(),
      ...containerDoor.notices(),
    ],
    close: async () => {
      await Promise.all([threads.close(), processes.close(), containers.close()]);
      await containerDoor.close();
    },
  };
}

/** Of the plugin's limit and the operator's the smaller one holds. */
export function callTimeoutOf({ limits }: PluginManifest, operatorMs: number): number {
  return limits?.callTimeout === undefined ? operatorMs : Math.min(operatorMs, parseDuration(limits.callTimeout));
}

/** What the process of a plugin must be able to do. */
function rightsOf(
  { capabilities = {}, image, main }: PluginManifest,
  program: TextProgram,
  { share, signer }: { readonly share: string | undefined; readonly signer: string | undefined },
): Pick<PlaceOwner, 'network' | 'files' | 'native' | 'image' | 'share' | 'trust'> {
  const { network = [], files = [] } = capabilities;
  const addons = rightsForAddons(program);
  const root = resolve(dirname(program.file), relative(dirname(main), '.'));
  return {
    network,
    files: [...files.map((path) => resolve(root, path)), ...addons.files],
    native: addons.native,
    ...(image !== undefined && { image }),
    ...(share !== undefined && { share, trust: trustOf(capabilities, signer) }),
  };
}
