import { Readable } from 'node:stream';
import { baseContents } from './base-image.ts';
import { writeTar } from './tar.ts';
import { SandboxError } from '../../errors.ts';
import { type EngineCli, tail } from '../engine/engine-cli.ts';
import type { EngineKind } from '../engine/find-engine.ts';

/** An image of ours: the base image of some Node, or one that was pinned. */
export interface ContainerImage {
  /** `sha256:` and the digest of its contents. */
  readonly digest: string;
  /** Empty when another image has taken its name. */
  readonly names: readonly string[];
  readonly sizeBytes: number;
  readonly created: string;
  /** `base`: made here of a Node; `pinned`: kept because somebody pinned it. */
  readonly kind: 'base' | 'pinned';
  /** Whether plugins run in it now: the base image of this Node, or any pinned one. */
  readonly current: boolean;
}

/** What a container needs to know of its image. */
export interface ImageFacts {
  readonly digest: string;
  /** Folders that it declares as volumes. */
  readonly volumes: readonly string[];
}

const baseName = 'localhost/hotswap/base';
const pinnedName = 'localhost/hotswap/pinned';
const baseLabel = 'hotswap.base';
/** Time enough to write 200 MB to a slow disk. */
const buildLimitMs = 180_000;

/** The images of one engine that are ours to make, keep and remove. No registry is ever asked. */
export class ImageStore {
  readonly #kind: EngineKind;
  readonly #cli: EngineCli;
  readonly #pinned = new Map<string, Promise<ImageFacts>>();
  #base: Promise<ImageFacts> | undefined;

  constructor(kind: EngineKind, cli: EngineCli) {
    this.#kind = kind;
    this.#cli = cli;
  }

  /**
   * The base image of this Node: made when the engine does not have it.
   *
   * @throws CONTAINER_ENGINE_FAILED
   */
  base(): Promise<ImageFacts> {
    return (this.#base ??= this.#makeBase().catch((error: unknown) => {
      this.#base = undefined;
      throw error;
    }));
  }

  /**
   * The image that a reference means, found once: a tag that moves later changes nothing for whoever holds this store.
   *
   * @throws CONTAINER_IMAGE_MISSING
   */
  resolve(reference: string): Promise<ImageFacts> {
    const known = this.#pinned.get(reference);
    if (known !== undefined) return known;
    const found = this.#inspect(reference);
    this.#pinned.set(reference, found);
    found.catch(() => this.#pinned.delete(reference));
    return found;
  }

  /**
   * Keeps what a reference means now, also when its tag moves. Run it by the digest from then on.
   *
   * @returns `sha256:` and the digest
   * @throws CONTAINER_IMAGE_MISSING
   */
  async pin(reference: string): Promise<string> {
    const { digest } = await this.#inspect(reference);
    await this.#cli.must(['tag', digest, `${pinnedName}:${digest.slice('sha256:'.length, 'sha256:'.length + 16)}`]);
    return digest;
  }

  /** Every image of ours, newest first. */
  async list(): Promise<readonly ContainerImage[]> {
    const { digest } = await baseContents();
    const ids = await Promise.all([
      this.#cli.must(['images', '--quiet', '--no-trunc', '--filter', `label=${baseLabel}`]),
      this.#cli.must(['images', '--quiet', '--no-trunc', '--filter', `reference=${pinnedName}`]),
    ]);
    const unique = [...new Set(ids.flatMap((lines) => lines.split('\n').filter((line) => line !== '')))];
    if (unique.length === 0) return [];
    const records: unknown = JSON.parse(await this.#cli.must(['image', 'inspect', ...unique]));
    const images = Array.isArray(records) ? records.map((record) => readImage(record, digest)) : [];
    return images.toSorted((left, right) => right.created.localeCompare(left.created));
  }

  /** Removes the base images of other Nodes that no container uses. Answers with what was removed. */
  async prune(): Promise<readonly ContainerImage[]> {
    const removed: ContainerImage[] = [];
    for (const image of await this.list()) {
      if (image.current) continue;
      // By its names, so that an image which somebody named otherwise stays.
      const names = image.names.filter((name) => name.startsWith(`${baseName}:`));
      const { code } = await this.#cli.run(['rmi', ...(names.length > 0 ? names : [image.digest])]);
      if (code === 0) removed.push(image);
    }
    return removed;
  }

  async #makeBase(): Promise<ImageFacts> {
    const { digest, entries } = await baseContents();
    const name = `${baseName}:${digest.slice(0, 16)}`;
    const there = await this.#inspect(name).catch(() => undefined);
    if (there !== undefined) return there;
    const label = ['--change', `LABEL ${baseLabel}=${digest}`];
    await this.#cli.must(['import', ...label, '-', name], {
      input: Readable.from(writeTar(entries)),
      limitMs: buildLimitMs,
    });
    return this.#inspect(name);
  }

  async #inspect(reference: string): Promise<ImageFacts> {
    if (!/^[\w][\w.:/@-]*$/.test(reference)) {
      throw new SandboxError('CONTAINER_IMAGE_MISSING', { image: reference, reason: 'that is no name of an image' });
    }
    const { code, stdout, stderr } = await this.#cli.run(['image', 'inspect', reference]);
    const records: unknown = code === 0 ? JSON.parse(stdout) : [];
    if (Array.isArray(records) && records.length > 0) return readFacts(records[0]);
    throw new SandboxError('CONTAINER_IMAGE_MISSING', { image: reference, reason: tail(stderr), engine: this.#kind });
  }
}

function readFacts(record: unknown): ImageFacts {
  const volumes = at(at(record, 'Config'), 'Volumes');
  return {
    digest: digestOf(record),
    volumes: typeof volumes === 'object' && volumes !== null ? Object.keys(volumes) : [],
  };
}

function readImage(record: unknown, currentBase: string): ContainerImage {
  const base = at(at(at(record, 'Config'), 'Labels'), baseLabel);
  const names = at(record, 'RepoTags');
  return {
    digest: digestOf(record),
    names: Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [],
    sizeBytes: Number(at(record, 'Size')),
    created: String(at(record, 'Created')),
    kind: base === undefined ? 'pinned' : 'base',
    current: base === undefined || base === currentBase,
  };
}

/** Podman tells it without its kind. */
function digestOf(record: unknown): string {
  const id = String(at(record, 'Id'));
  return id.startsWith('sha256:') ? id : `sha256:${id}`;
}

function at(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
