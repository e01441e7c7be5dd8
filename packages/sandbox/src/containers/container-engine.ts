import { hash } from 'node:crypto';
import { chmod, copyFile, realpath, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findEngine, type FoundEngine } from './engine/find-engine.ts';
import { type ImageFacts, ImageStore } from './images/image-store.ts';
import { removeLeftovers } from './leftovers/leftovers.ts';
import { refusalOf } from './mounts.ts';
import { egressPath, preloadText, programOf } from './container-program.ts';
import { probeEngine } from './probe/probe-engine.ts';
import type { ContainerMount } from './run-arguments.ts';
import { startContainer } from './start-container.ts';
import type { ConfinedProcess } from '../confined-process.ts';
import { createEgressProxy } from '../egress/egress-proxy.ts';
import { SandboxError } from '../errors.ts';
import { appliedLimits } from '../launch/applied-limits.ts';
import { HostFolder } from '../surroundings/host-folder.ts';
import { SandboxUsers } from '../surroundings/sandbox-user.ts';
import type { LaunchOptions, SandboxOptions } from '../launch-options.ts';
import type { LayerName, LayerState } from '../layers.ts';
import { seccompProfile } from '../seccomp/seccomp-profile.ts';

/** What an operator decides about containers. */
export interface ContainerEngineOptions extends SandboxOptions {
  /**
   * The engine's command with the flags that stand before every verb, such as `['docker', '--host', 'unix:///x.sock']`;
   * default: `podman`, then `docker`, whichever works.
   */
  readonly command?: readonly [string, ...string[]];
  /** What of this host may be mounted, and whether for writing; default: nothing. */
  readonly mounts?: readonly ContainerMount[];
  /** What is never mounted, whatever `mounts` says, absolute: the data folder of the host. */
  readonly guarded?: readonly string[];
}

/** How one container is launched. */
export interface ContainerLaunchOptions extends LaunchOptions {
  /** A name or digest of an image that is on this host; it must have `node`. Default: a base image made of this Node. */
  readonly image?: string;
  /** Beside `read` and `work`, which are mounts too. All must be under the operator's `mounts`. */
  readonly mounts?: readonly ContainerMount[];
}

/** What is known of an engine that is ready. */
export interface EngineReport {
  readonly kind: FoundEngine['kind'];
  readonly version: string;
  readonly rootless: boolean;
  readonly layers: readonly LayerState[];
}

/** All that is made once, at the first use. */
interface Ready {
  readonly engine: FoundEngine;
  readonly store: ImageStore;
  readonly hostFolder: HostFolder;
  /** Of this process alone, for what containers are given of it. */
  readonly folder: string;
  /** File of the profile of system calls. */
  readonly seccomp: string;
}

/** Layers that `without` can leave out of a container; the others are what a container is. */
const optional: readonly LayerName[] = ['seccomp', 'permission-model', 'guard'];
/** The users that a rootless engine has inside. */
const rootlessUsers = 65_000;

/**
 * Podman or Docker by its command. Nothing is asked of it before the first use: then what a killed host left is removed,
 * and before the first launch a container is started whose limits are read back from inside.
 */
export class ContainerEngine {
  readonly #options: ContainerEngineOptions;
  readonly #users = new SandboxUsers();
  #ready: Promise<Ready> | undefined;
  #layers: Promise<readonly LayerState[]> | undefined;

  constructor(options: ContainerEngineOptions = {}) {
    this.#options = options;
  }

  /**
   * The images that are ours.
   *
   * @throws CONTAINER_ENGINE_MISSING, CONTAINER_ENGINE_FAILED
   */
  async images(): Promise<ImageStore> {
    return (await this.#open()).store;
  }

  /**
   * Which engine it is. Nothing is started for that.
   *
   * @throws CONTAINER_ENGINE_MISSING, CONTAINER_ENGINE_FAILED
   */
  async identify(): Promise<Pick<EngineReport, 'kind' | 'version' | 'rootless'>> {
    const { kind, version, rootless } = (await this.#open()).engine;
    return { kind, version, rootless };
  }

  /**
   * What a container of this engine is held to, found by starting one. Throws nothing for what is missing.
   *
   * @throws CONTAINER_ENGINE_MISSING, CONTAINER_ENGINE_FAILED, CONTAINER_LAUNCH_FAILED
   */
  async report(): Promise<EngineReport> {
    const ready = await this.#open();
    const { kind, version, rootless } = ready.engine;
    return { kind, version, rootless, layers: await this.#probe(ready) };
  }

  /**
   * Starts a container.
   *
   * @throws CONTAINER_LIMIT_IGNORED, SANDBOX_LAYER_MISSING: this engine is weaker than asked; CONTAINER_MOUNT_REFUSED,
   * CONTAINER_IMAGE_MISSING, CONTAINER_OPTION_UNKNOWN, CONTAINER_LAUNCH_FAILED and those of `report`
   */
  async launch(options: ContainerLaunchOptions): Promise<ConfinedProcess> {
    refuseUnknown(options);
    const ready = await this.#open();
    const [found, image, mounts] = await Promise.all([
      this.#probe(ready),
      options.image === undefined ? ready.store.base() : ready.store.resolve(options.image),
      this.#mountsOf(options, ready.engine),
    ]);
    const layers = this.#accept(found, ready.engine, options);
    return this.#start(ready, { image, mounts, layers, options });
  }

  /** Removes what was made for this process beside containers, each of which its taker ends. */
  async close(): Promise<void> {
    const ready = await this.#ready?.catch(() => undefined);
    this.#ready = undefined;
    this.#layers = undefined;
    if (ready !== undefined) await ready.hostFolder.removeFolder(ready.folder);
  }

  #open(): Promise<Ready> {
    this.#ready ??= this.#makeReady().catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    return this.#ready;
  }

  async #makeReady(): Promise<Ready> {
    const engine = await findEngine(this.#options.command);
    const hostFolder = await HostFolder.open();
    await removeLeftovers(engine);
    const folder = await hostFolder.makeFolder();
    const seccomp = join(folder, 'seccomp.json');
    await writeFile(seccomp, JSON.stringify(seccompProfile()));
    return { engine, store: new ImageStore(engine.kind, engine.cli), hostFolder, folder, seccomp };
  }

  #probe(ready: Ready): Promise<readonly LayerState[]> {
    this.#layers ??= this.#startProbe(ready).catch((error: unknown) => {
      this.#layers = undefined;
      throw error;
    });
    return this.#layers;
  }

  async #startProbe({ engine, store, seccomp }: Ready): Promise<readonly LayerState[]> {
    const user = await this.#users.take(undefined);
    try {
      return await probeEngine({ engine, store, uid: userOf(engine, user.uid), seccomp });
    } finally {
      await user.release();
    }
  }

  /** What was found, with what the operator and the caller left out. */
  #accept(found: readonly LayerState[], engine: FoundEngine, { without = [] }: LaunchOptions): readonly LayerState[] {
    const { allowMissing = [] } = this.#options;
    const refused = found.filter(({ layer, status }) => status === 'missing' && !allowMissing.includes(layer));
    const reason = refused.map(({ error }) => error).join('; ');
    const limits = refused.find(({ layer }) => layer === 'cgroup');
    if (limits !== undefined) {
      const { kind, rootless } = engine;
      throw new SandboxError('CONTAINER_LIMIT_IGNORED', { engine: rootless ? `rootless ${kind}` : kind, reason });
    }
    if (refused.length > 0) {
      throw new SandboxError('SANDBOX_LAYER_MISSING', { layers: refused.map(({ layer }) => layer).join(', '), reason });
    }
    return found.map((state) => (without.includes(state.layer) ? { layer: state.layer, status: 'off' } : state));
  }

  async #mountsOf(options: ContainerLaunchOptions, { folders }: FoundEngine): Promise<readonly ContainerMount[]> {
    const { read = [], work, mounts = [] } = options;
    const wanted: readonly ContainerMount[] = [
      ...read.map((source) => ({ source })),
      ...(work === undefined ? [] : [{ source: work, writable: true }]),
      ...mounts,
    ];
    if (wanted.length === 0) return [];
    const allowed = await Promise.all((this.#options.mounts ?? []).map(withoutLinks));
    const guarded = await Promise.all(
      [...folders, ...(this.#options.guarded ?? [])].map((path) => realpath(path).catch(() => path)),
    );
    return Promise.all(
      wanted.map(async (mount) => {
        const found = await withoutLinks(mount);
        const reason = refusalOf(found, { allowed, guarded });
        if (reason === undefined) return found;
        throw new SandboxError('CONTAINER_MOUNT_REFUSED', { source: mount.source, reason });
      }),
    );
  }

  async #start(ready: Ready, { image, mounts, layers, options }: Decided): Promise<ConfinedProcess> {
    const { engine, hostFolder } = ready;
    const limits = appliedLimits(options.limits);
    const user = await this.#users.take(options.work);
    const uid = userOf(engine, user.uid);
    const connects = !engine.isLocal;
    const isClosed = await isClosedToOthers(options.program.file);
    const folder = connects || isClosed || options.egress !== undefined ? await hostFolder.makeFolder() : undefined;
    const copy = folder === undefined || !isClosed ? undefined : await copyInto(folder, options.program.file);
    const egress =
      folder === undefined || options.egress === undefined
        ? undefined
        : await createEgressProxy({
            socketPath: join(folder, 'egress.sock'),
            entries: options.egress,
            uid,
            maxConnections: limits.connections,
            ...(options.onRefused !== undefined && { onRefused: options.onRefused }),
          });
    const cleanUp = async (): Promise<void> => {
      await user.release();
      await egress?.close();
      if (folder !== undefined) await hostFolder.removeFolder(folder);
    };
    const preload = await writePreload(ready.folder, preloadText(options));
    const program = programOf(options, {
      preload,
      copy,
      limits,
      mounts,
      usesSockets: connects || egress !== undefined,
    });
    const ways = egress === undefined ? [] : [{ source: egress.socketPath, target: egressPath, writable: true }];
    return startContainer({
      engine,
      layers: [...layers, ...program.layers],
      stdin: options.stdin ?? 'ignore',
      channelFolder: connects ? folder : undefined,
      egress,
      cleanUp,
      plan: {
        image: image.digest,
        imageVolumes: image.volumes,
        uid,
        seccomp: options.without?.includes('seccomp') === true ? 'unconfined' : ready.seccomp,
        limits,
        mounts: [...mounts, ...program.mounts, ...ways],
        environment: options.environment ?? usualEnvironment,
        entrypoint: program.entrypoint,
        args: program.args,
      },
    });
  }
}

interface Decided {
  readonly image: ImageFacts;
  readonly mounts: readonly ContainerMount[];
  readonly layers: readonly LayerState[];
  readonly options: ContainerLaunchOptions;
}

const usualEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/tmp',
  TMPDIR: '/tmp',
  LANG: 'C.UTF-8',
};

function userOf({ rootless }: FoundEngine, uid: number): number {
  return rootless ? 1 + (uid % rootlessUsers) : uid;
}

/** Whether other users may not read a file. */
async function isClosedToOthers(file: string): Promise<boolean> {
  const mode = (await stat(file).catch(() => undefined))?.mode;
  return mode !== undefined && (mode & 0o004) === 0;
}

async function copyInto(folder: string, file: string): Promise<string> {
  const copy = join(folder, 'program');
  await copyFile(file, copy);
  await chmod(copy, 0o555);
  return copy;
}

/** The same text is the same file, for every container. */
async function writePreload(folder: string, text: string): Promise<string | undefined> {
  if (text === '') return undefined;
  const file = join(folder, `preload-${hash('sha256', text).slice(0, 16)}.cjs`);
  await writeFile(file, text, { mode: 0o444, flag: 'wx' }).catch((error: unknown) => {
    if (!isThere(error)) throw error;
  });
  return file;
}

function isThere(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'code') === 'EEXIST';
}

async function withoutLinks(mount: ContainerMount): Promise<ContainerMount> {
  const { source, target = source } = mount;
  return { ...mount, source: await realpath(source).catch(() => source), target };
}

function refuseUnknown({ without = [] }: LaunchOptions): void {
  const layer = without.find((name) => !optional.includes(name));
  if (layer === undefined) return;
  const reason = `a container without ${layer} is none; leave out one of ${optional.join(', ')}`;
  throw new SandboxError('CONTAINER_OPTION_UNKNOWN', { option: `without ${layer}`, reason });
}
