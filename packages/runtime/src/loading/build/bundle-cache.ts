import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '@hotswap/protocol';
import type { Logger } from '@hotswap/sdk';
import { version as bundlerVersion } from 'esbuild';
import type { BuildRequest, Bundle } from './bundle.ts';
import { isInside, nodeModulesAbove } from './confine-build.ts';
import { sha256 } from '../plugin-digest.ts';

interface CachedBundle {
  /** Over the content of everything that decided the bundle. */
  readonly fingerprint: string;
  readonly bundle: Bundle;
}

export interface BundleCacheOptions {
  /** Where bundles survive a restart; only this process's user may reach it. Without it they live in memory. */
  readonly directory: string | undefined;
  readonly log: Pick<Logger, 'warn'> | undefined;
  /** What decides a bundle beside its files. */
  readonly settings: unknown;
}

/** Text kept in memory, in characters. */
const maxMemory = 64 * 1_048_576;
/** A file changed this shortly before a build may have changed again within the same tick of the file system's clock. */
const clockGrain = 20;

/** Bundles by the content of their inputs: one that is still right needs no build. */
export class BundleCache {
  readonly #directory: string | undefined;
  readonly #log: Pick<Logger, 'warn'> | undefined;
  readonly #settings: string;
  readonly #memory = new Map<string, CachedBundle>();
  #memoryUsed = 0;

  constructor({ directory, log, settings }: BundleCacheOptions) {
    this.#settings = JSON.stringify([bundlerVersion, settings]);
    this.#directory = directory;
    this.#log = log;
  }

  /** The bundle of the last build, if nothing that decided it has changed. */
  async find(request: BuildRequest): Promise<Bundle | undefined> {
    const key = this.#keyOf(request);
    const cached = this.#memory.get(key) ?? (await this.#read(key));
    if (cached === undefined) return undefined;
    if ((await fingerprint(request, cached.bundle.inputs)) !== cached.fingerprint) return undefined;
    this.#remember(key, cached);
    return cached.bundle;
  }

  /** Keeps a bundle, unless a file changed since `startedAt`: then what the bundler read and what is hashed may differ. */
  async keep(request: BuildRequest, bundle: Bundle, startedAt: number): Promise<void> {
    const cached = { fingerprint: await fingerprint(request, bundle.inputs), bundle };
    if (await hasChangedSince(startedAt - clockGrain, [join(request.root, 'tsconfig.json'), ...bundle.inputs])) return;
    this.#remember(this.#keyOf(request), cached);
    await this.#write(this.#keyOf(request), cached);
  }

  #keyOf({ root, entry, native = false }: BuildRequest): string {
    return sha256(JSON.stringify([root, entry, native, this.#settings]));
  }

  #remember(key: string, cached: CachedBundle): void {
    this.#forget(key);
    this.#memory.set(key, cached);
    this.#memoryUsed += sizeOf(cached);
    for (const oldest of this.#memory.keys()) {
      if (this.#memoryUsed <= maxMemory) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    const cached = this.#memory.get(key);
    if (cached !== undefined) this.#memoryUsed -= sizeOf(cached);
    this.#memory.delete(key);
  }

  async #read(key: string): Promise<CachedBundle | undefined> {
    if (this.#directory === undefined) return undefined;
    try {
      const read: unknown = JSON.parse(await readFile(join(this.#directory, `${key}.json`), 'utf8'));
      return isCachedBundle(read) ? read : undefined;
    } catch {
      // Absent or unreadable is a miss; the build that follows writes it anew.
      return undefined;
    }
  }

  async #write(key: string, cached: CachedBundle): Promise<void> {
    if (this.#directory === undefined) return;
    const temporary = join(this.#directory, `${key}.${randomUUID()}.tmp`);
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await writeFile(temporary, JSON.stringify(cached), { mode: 0o600 });
      await rename(temporary, join(this.#directory, `${key}.json`));
    } catch (error) {
      await rm(temporary, { force: true });
      this.#log?.warn({ directory: this.#directory, reason: messageOf(error) }, 'bundle was not cached');
    }
  }
}

/**
 * Over the inputs' content, and over what decides which files are the inputs: the names beside the plugin's own files,
 * its tsconfig, and what npm notes when it installs.
 */
async function fingerprint({ root }: BuildRequest, inputs: readonly string[]): Promise<string> {
  const own = inputs.filter((path) => isInside(path, root) && !path.includes('node_modules'));
  const folders = [...new Set(own.map((path) => dirname(path)))].toSorted();
  const files = [...inputs, join(root, 'tsconfig.json'), join(root, 'package.json')];
  const parts = await Promise.all([
    ...files.map(async (path) => [path, await readFile(path).then(sha256, () => 'absent')]),
    ...folders.map(async (path) => [path, (await readdir(path).catch((): string[] => [])).toSorted()]),
    ...nodeModulesAbove(root).map(async (path) => [path, await stampOf(join(path, '.package-lock.json'))]),
  ]);
  return sha256(JSON.stringify(parts));
}

async function stampOf(path: string): Promise<string> {
  return stat(path).then(
    ({ mtimeMs, size }) => `${mtimeMs}:${size}`,
    () => 'absent',
  );
}

async function hasChangedSince(time: number, paths: readonly string[]): Promise<boolean> {
  const changed = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        ({ ctimeMs }) => ctimeMs >= time,
        () => false,
      ),
    ),
  );
  return changed.includes(true);
}

function sizeOf({ bundle }: CachedBundle): number {
  return bundle.code.length + bundle.map.length;
}

function isCachedBundle(value: unknown): value is CachedBundle {
  return typeof value === 'object' && value !== null && 'fingerprint' in value && 'bundle' in value;
}
