import { existsSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, posix, sep } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { messageOf } from '@hotswap/protocol';
import type { PluginManifest } from '@hotswap/protocol';
import type { Logger } from '@hotswap/sdk';
import { fail } from '../errors.ts';
import type { Artifact, NativeAddon } from './artifact.ts';
import { PluginBuilder } from './build/build-plugin.ts';
import {
  describeFile,
  describeFolder,
  mainMissing,
  nativeOf,
  readFolderManifest,
  readManifestText,
} from './describe-plugin.ts';
import type { DescribedPlugin } from './describe-plugin.ts';
import { executableArtifact } from './executable-artifact.ts';
import { definitionArtifacts } from './in-memory-artifact.ts';
import { pluginDigest } from './plugin-digest.ts';
import { locateSource } from './plugin-source.ts';
import type { LocatedSource, PluginSource } from './plugin-source.ts';
import { readArchive } from './read-archive.ts';
import type { Archive } from './read-archive.ts';
import { rewriteModule, shiftSourceMap } from './rewrite-module.ts';
import type { RewrittenModule } from './rewrite-module.ts';
import type { Verifier } from '../verification/verifier.ts';

/** Settings of a loader. */
export interface LoaderOptions {
  /** Where bundles survive a restart. Without it they live in memory. */
  readonly cacheDirectory?: string;
  readonly log?: Pick<Logger, 'debug' | 'warn'>;
  /** Folders, beyond a plugin's own and its `node_modules`, whose files a build may take in; default none. */
  readonly allowedRoots?: readonly string[];
  /** Decides what may be loaded; default: everything. */
  readonly verifier?: Pick<Verifier, 'examine' | 'admit'>;
}

/** Turns sources into artifacts: reads, checks, bundles and rewrites, never runs. */
export interface Loader {
  /**
   * Loads what the source holds now. Loading the same source again sees every file saved before the call.
   *
   * @throws SOURCE_UNSUPPORTED, SOURCE_NOT_FOUND, MANIFEST_INVALID, ENGINE_UNSATISFIED, BUILD_FAILED, BUILD_FILE_REFUSED,
   * NATIVE_ADDON_REFUSED, IMPORT_REFUSED, ARCHIVE_REFUSED, ARCHIVE_NOT_BUNDLED, EXECUTABLE_NOT_PACKED,
   * PLUGIN_FOLDER_TOO_LARGE, LOADER_CLOSED, and what the verifier refuses
   */
  load(source: PluginSource, options: { readonly signal: AbortSignal }): Promise<Artifact>;
  /** Lets go of the builds kept ready. Calling it again does nothing. */
  close(): Promise<void>;
}

/** A bundled plugin before its text is rewritten. */
interface BundledPlugin {
  readonly manifest: PluginManifest;
  readonly code: string;
  readonly map: string | undefined;
  readonly addons: readonly NativeAddon[];
  /** What stacks and debuggers call the program. */
  readonly file: string;
  readonly origin: string;
  readonly inputs: readonly string[];
  /** Everything that went in, packages too. */
  readonly allInputs: readonly string[];
}

/** An artifact, and the files that it was made of; undefined: all those of its folder. */
interface ReadSource {
  readonly artifact: Artifact;
  readonly files: readonly string[] | undefined;
}

/** Creates a loader. A runtime has one. */
export function createLoader(options: LoaderOptions = {}): Loader {
  const { verifier } = options;
  const builder = new PluginBuilder(options);
  const fromMemory = definitionArtifacts();

  const read = async (
    located: LocatedSource,
    archive: Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<ReadSource> => {
    switch (located.type) {
      case 'memory': {
        const artifact = fromMemory(located.plugin);
        const { file } = located.plugin;
        if (file === undefined) return { artifact, files: [] };
        const request = { plugin: artifact.manifest.name, ...file, ...nativeOf(artifact.manifest) };
        return toArtifact(await built(builder, { manifest: artifact.manifest, request }, signal), 'IMPORT_REFUSED');
      }
      case 'archive':
        return toArtifact(await unpacked({ path: located.file, bytes: archive }, signal), 'ARCHIVE_NOT_BUNDLED');
      case 'folder': {
        const { folder: root } = located;
        const { manifest } = await readFolderManifest(root);
        const { executable } = manifest;
        if (executable !== undefined) {
          return { artifact: await executableArtifact({ manifest, executable, root }, signal), files: undefined };
        }
        return toArtifact(await built(builder, await describeFolder(root), signal), 'IMPORT_REFUSED');
      }
      case 'file': {
        const described = describeFile(located.file, located.folder);
        return toArtifact(await built(builder, described, signal), 'IMPORT_REFUSED');
      }
    }
  };

  return {
    async load(source, { signal }) {
      signal.throwIfAborted();
      const located = await locateSource(source);
      const examined = await verifier?.examine(located);
      const { artifact, files } = await read(located, examined?.content?.bytes, signal);
      return verifier && examined ? verifier.admit(examined, artifact, files) : artifact;
    },
    close: () => builder.close(),
  };
}

async function built(builder: PluginBuilder, plugin: DescribedPlugin, signal: AbortSignal): Promise<BundledPlugin> {
  const { manifest, request, manifestFile } = plugin;
  const { code, map, addons, inputs } = await builder.build(request, signal);
  const own = inputs.filter((path) => !path.includes(`${sep}node_modules${sep}`));
  // Not compiled, yet it decides how the rest is.
  const tsconfig = [join(request.root, 'tsconfig.json')].find((path) => existsSync(path));
  return {
    manifest,
    code,
    map,
    addons,
    file: request.entry,
    origin: manifestFile === undefined ? request.entry : request.root,
    inputs: manifestFile === undefined ? own : [manifestFile, ...own],
    allInputs: [...[manifestFile, tsconfig].filter((path) => path !== undefined), ...inputs],
  };
}

/** No bundler sees what is in an archive: it is text that someone sent. */
async function unpacked({ path: archive, bytes }: Archive, signal: AbortSignal): Promise<BundledPlugin> {
  const files = await readArchive({ path: archive, bytes }, signal);
  const text = files.get('package.json');
  if (text === undefined) throw fail('ARCHIVE_REFUSED', { path: archive, entry: 'package.json', reason: 'is missing' });
  const manifest = readManifestText(text, `${archive}/package.json`);
  if (manifest.executable !== undefined) throw fail('EXECUTABLE_NOT_PACKED', { plugin: manifest.name, path: archive });
  const main = posix.normalize(manifest.main);
  const code = files.get(main);
  if (code === undefined) throw mainMissing(manifest, `${archive}/package.json`);
  // A name below the archive's, where no file can be: stacks then say which archive, and never a file of the host's.
  const file = join(archive, main);
  return {
    manifest,
    code,
    map: files.get(`${main}.map`),
    addons: [],
    file,
    origin: archive,
    inputs: [],
    allInputs: [],
  };
}

/** A text from this length on is worked on in several turns of the event loop: requests are answered in between. */
const longText = 100_000;

async function toArtifact(
  plugin: BundledPlugin,
  refusal: 'ARCHIVE_NOT_BUNDLED' | 'IMPORT_REFUSED',
): Promise<ReadSource> {
  const { manifest, code, map, addons, file, origin, inputs, allInputs } = plugin;
  const pause = async (): Promise<void> => void (code.length >= longText && (await nextTurn()));
  const { body, specifiers } = rewritten(plugin);
  const specifier = specifiers.find((name) => !isProvided(name));
  if (specifier !== undefined) throw fail(refusal, { plugin: manifest.name, path: origin, specifier });
  await pause();
  const sourceMap = map === undefined ? undefined : shiftSourceMap(map);
  await pause();
  const digest = pluginDigest(manifest, body, addons);
  await pause();
  const program = { type: 'text', body, sourceMap, file, addons } as const;
  return { artifact: { manifest, digest, program, origin, inputs }, files: allInputs };
}

function rewritten({ manifest, code, file }: BundledPlugin): RewrittenModule {
  try {
    return rewriteModule(code);
  } catch (cause) {
    const reason = messageOf(cause);
    throw fail('BUILD_FAILED', { plugin: manifest.name, summary: `${file}: ${reason}`, reason, file }, { cause });
  }
}

/** Whether the host gives a module to plugins when they run. */
function isProvided(specifier: string): boolean {
  return isBuiltin(specifier) || /^@hotswap\/(?:sdk|protocol)(?:\/|$)/.test(specifier);
}
