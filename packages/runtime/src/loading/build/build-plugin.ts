import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { context, stop } from 'esbuild';
import { isCodedError } from '@hotswap/protocol';
import type { CodedError } from '@hotswap/protocol';
import type { BuildContext, BuildOptions, BuildResult, Message } from 'esbuild';
import type { Logger } from '@hotswap/sdk';
import { fail } from '../../errors.ts';
import { buildFailure, isBuildFailure, messagesOf } from './build-failure.ts';
import { BuildTurns } from './build-turns.ts';
import type { BuildRequest, Bundle } from './bundle.ts';
import { BundleCache } from './bundle-cache.ts';
import { firstOutside, rootsFor } from './confine-build.ts';
import { addonsAmong, nameNativeAddons, refuseNativeAddons } from './native-addons.ts';

/** What decides a bundle beside its inputs; a change here makes cached bundles stale. */
const buildSettings = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node24',
  mainFields: ['module', 'main'],
  external: ['@hotswap/sdk', '@hotswap/sdk/*', '@hotswap/protocol', '@hotswap/protocol/*'],
  sourcemap: 'external',
  sourcesContent: true,
  legalComments: 'none',
  keepNames: true,
} as const satisfies BuildOptions;

/** Builds at the same time: the bundler is parallel inside, more only costs memory. */
const maxBuilds = 4;
/** Builds kept ready to run again. Each holds its parsed files in the bundler's process. */
const maxKept = 32;

/** Settings of a builder. */
export interface BuilderOptions {
  /** Folders, beyond a plugin's own and its `node_modules`, whose files a build may take in; default none. */
  readonly allowedRoots?: readonly string[] | undefined;
  /** Where bundles survive a restart. Without it they live in memory. */
  readonly cacheDirectory?: string | undefined;
  readonly log?: Pick<Logger, 'debug' | 'warn'> | undefined;
}

/** Bundles plugins in the bundler's own process and keeps recent builds ready to run again. */
export class PluginBuilder {
  readonly #allowedRoots: readonly string[];
  readonly #cache: BundleCache;
  readonly #log: Pick<Logger, 'debug' | 'warn'> | undefined;
  readonly #turns = new BuildTurns(maxBuilds);
  /** In the order of use: the first was idle longest. */
  readonly #kept = new Map<string, BuildContext>();
  #isClosed = false;

  constructor({ allowedRoots = [], cacheDirectory, log }: BuilderOptions = {}) {
    this.#allowedRoots = allowedRoots;
    this.#log = log;
    this.#cache = new BundleCache({ directory: cacheDirectory, log, settings: [buildSettings, allowedRoots] });
  }

  /**
   * Bundles what is on disk now. One build of an entry at a time: a build that joined another would miss what was saved since.
   *
   * @throws BUILD_FAILED, BUILD_FILE_REFUSED, NATIVE_ADDON_REFUSED, LOADER_CLOSED
   */
  async build(request: BuildRequest, signal: AbortSignal): Promise<Bundle> {
    return this.#turns.run(keyOf(request), () => this.#build(request), signal);
  }

  /** Lets go of everything kept. Builds that run fail; calling it again does nothing. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const contexts = [...this.#kept.values()];
    this.#kept.clear();
    await Promise.all(contexts.map((kept) => kept.dispose()));
  }

  async #build(request: BuildRequest): Promise<Bundle> {
    const cached = await this.#cache.find(request);
    if (cached !== undefined) return cached;
    // File times are those of the system's clock, whatever clock the host runs on.
    const startedAt = Date.now();
    const bundle = await this.#rebuild(request);
    const { plugin } = request;
    this.#log?.debug({ plugin, ms: Date.now() - startedAt, files: bundle.inputs.length }, 'plugin was built');
    for (const warning of bundle.warnings) this.#log?.warn({ plugin, warning }, 'plugin was built with a warning');
    await this.#cache.keep(request, bundle, startedAt);
    return bundle;
  }

  async #rebuild(request: BuildRequest, isSecondTry = false): Promise<Bundle> {
    const tsconfig = await readFile(join(request.root, 'tsconfig.json'), 'utf8').catch(() => '{}');
    const key = `${keyOf(request)}\0${tsconfig}`;
    try {
      const opened = await this.#open(key, request, tsconfig);
      const bundle = toBundle(await opened.rebuild(), request.root);
      await this.#confine(request, bundle.inputs);
      return { ...bundle, addons: await addonsAmong(bundle.inputs, request.root) };
    } catch (error) {
      if (this.#isClosed) throw fail('LOADER_CLOSED', { plugin: request.plugin });
      if (isCodedError(error)) throw error;
      if (isBuildFailure(error) || isSecondTry) throw await this.#failure(request, messagesOf(error));
      await this.#forgetBundler(key);
      return await this.#rebuild(request, true);
    } finally {
      await this.#dropIdle();
    }
  }

  async #open(key: string, request: BuildRequest, tsconfig: string): Promise<BuildContext> {
    const opened = this.#kept.get(key) ?? (await context(optionsFor(request, tsconfig)));
    this.#kept.delete(key);
    this.#kept.set(key, opened);
    // Closed while it was opened: nobody else would let go of it.
    if (this.#isClosed) await this.close();
    return opened;
  }

  /** The bundler's process is gone, and with it all that was kept there. `stop` makes the library start another. */
  async #forgetBundler(key: string): Promise<void> {
    const isFirstToNotice = this.#kept.has(key) || this.#kept.size === 0;
    this.#kept.clear();
    if (isFirstToNotice) await stop();
  }

  async #confine(request: BuildRequest, inputs: readonly string[]): Promise<void> {
    const file = await firstOutside(inputs, await rootsFor(request.root, this.#allowedRoots));
    if (file !== undefined) throw fail('BUILD_FILE_REFUSED', { plugin: request.plugin, file });
  }

  /** An error inside a file that the plugin may not read must not show that file's text. */
  async #failure(request: BuildRequest, messages: readonly Message[]): Promise<CodedError> {
    const shown = messages.flatMap(({ location }) => (location === null ? [] : [resolve(request.root, location.file)]));
    const file = await firstOutside(shown, await rootsFor(request.root, this.#allowedRoots));
    if (file !== undefined) return fail('BUILD_FILE_REFUSED', { plugin: request.plugin, file });
    return buildFailure(messages, request.plugin);
  }

  async #dropIdle(): Promise<void> {
    const idle = [...this.#kept.entries()].slice(0, Math.max(0, this.#kept.size - maxKept));
    for (const [key, kept] of idle) {
      if (this.#turns.isRunning(key.split('\0', 2).join('\0'))) continue;
      this.#kept.delete(key);
      await kept.dispose();
    }
  }
}

/** Of two parts, which `dropIdle` counts on. */
function keyOf({ root, entry, native = false }: BuildRequest): string {
  return `${root}\0${entry}${native ? ' native' : ''}`;
}

function optionsFor({ root, entry, native = false }: BuildRequest, tsconfigRaw: string) {
  return {
    ...buildSettings,
    external: [...buildSettings.external],
    mainFields: [...buildSettings.mainFields],
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: join(dirname(entry), `${basename(entry)}.bundle.js`),
    // Only the plugin's own tsconfig counts: what lies above its folder must not change what it is.
    tsconfigRaw,
    plugins: [native ? nameNativeAddons(root) : refuseNativeAddons],
    write: false,
    metafile: true,
    logLevel: 'silent',
  } satisfies BuildOptions;
}

function toBundle({ outputFiles = [], metafile, warnings }: BuildResult, root: string): Omit<Bundle, 'addons'> {
  const textOf = (ending: string): string => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';
  return {
    code: textOf('.js'),
    map: textOf('.map'),
    inputs: Object.keys(metafile?.inputs ?? {})
      .filter((path) => !/^[\w-]{2,}:/.test(path))
      .map((path) => resolve(root, path)),
    warnings: warnings.map(({ text }) => text),
  };
}
