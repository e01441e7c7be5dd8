import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { Logger } from '@hotswap/sdk';
import type { Verbs } from './verbs.ts';
import { plainEntry, type PluginEntry } from '../config/plugin-entry.ts';
import { fail } from '../errors.ts';
import type { Artifact } from '../loading/artifact.ts';
import { orderPlugins } from '../loading/dependency-order.ts';
import type { PluginSource } from '../loading/plugin-source.ts';
import type { ConfigSource, PluginSlot } from '../plugin/plugin-slot.ts';
import { toWireError } from '../swap/step-clock.ts';

/** A plugin that shall run: where it is, and what the operator says about it. */
export interface WantedPlugin {
  /** As the manifest says, if it could be read; else after its file. */
  readonly name: string;
  readonly source: PluginSource;
  readonly entry: PluginEntry;
}

export interface StartUpParts {
  readonly verbs: Verbs;
  readonly load: (source: PluginSource) => Promise<Artifact>;
  readonly loadOrder: readonly string[];
  /** A plugin's failure may be one that another plugin mends. */
  readonly unmet: (slot: PluginSlot) => void;
  /** Lays file and environment over each other for a plugin whose schema is known now. */
  readonly configOf: (
    name: string,
    artifact: Artifact | undefined,
  ) => { readonly config: Readonly<Record<string, unknown>>; readonly source: ConfigSource };
  readonly log: Logger;
}

/** How many plugins are built at the same time: more only queue up inside the bundler. */
const parallelLoads = 8;
const codeFiles: readonly string[] = ['.ts', '.mts', '.js', '.mjs', '.tgz'];

/** The plugins in a folder: sub-folders with a `package.json`, code files and archives. */
export async function findPlugins(directory: string): Promise<readonly PluginSource[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    throw fail('PLUGIN_DIRECTORY_UNREADABLE', { directory }, { cause: error });
  });
  const sources = entries
    .filter(({ name }) => !name.startsWith('.') && name !== 'node_modules' && !/\.(test|d)\.m?ts$/.test(name))
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink() || codeFiles.includes(extname(entry.name)))
    .map((entry) => join(directory, entry.name))
    .toSorted();
  const isPlugin = await Promise.all(sources.map(async (path) => extname(path) !== '' || (await nameIn(path)) !== undefined));
  return sources.filter((_, index) => isPlugin[index]);
}

/** The name a source is known by before it is loaded: what its `package.json` says, else its file's name. */
export async function provisionalName(source: PluginSource): Promise<string> {
  if (typeof source === 'object' && 'name' in source) return source.name;
  const path = source instanceof URL ? source.pathname : source;
  return (await nameIn(path)) ?? basename(path, extname(path)).toLowerCase();
}

async function nameIn(folder: string): Promise<string | undefined> {
  try {
    const manifest: unknown = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const isNamed = typeof manifest === 'object' && manifest !== null && 'name' in manifest;
    return isNamed && typeof manifest.name === 'string' ? manifest.name : basename(folder);
  } catch (error) {
    // A broken manifest is still a plugin: loading it says what is wrong.
    return error instanceof SyntaxError ? basename(folder) : undefined;
  }
}

/**
 * Starts every wanted plugin: all are read, then they start level by level, independent ones side by side.
 * One that cannot start is `failed` with its reason; the rest run.
 *
 * @throws LOAD_ORDER_UNKNOWN
 */
export async function startPlugins(parts: StartUpParts, wanted: readonly WantedPlugin[]): Promise<void> {
  const artifacts = new Map<string, Artifact>();
  const slots = new Map<string, PluginSlot>();
  await eachOf(wanted, parallelLoads, async (plugin) => {
    const result = await parts.load(plugin.source).catch((error: unknown) => error);
    if (isArtifact(result)) artifacts.set(result.manifest.name, result);
    else slots.set(plugin.name, refuse(parts, plugin, result));
  });
  const runnable = [...artifacts.values()].filter(({ manifest }) => entryOf(wanted, manifest.name).enabled);
  const { levels, problems } = orderPlugins(
    runnable.map(({ manifest }) => manifest),
    parts.loadOrder,
    wanted.map(({ name }) => name),
  );
  const order = [...levels.flat(), ...[...artifacts.keys()].filter((name) => !levels.flat().includes(name))];
  for (const name of order) slots.set(name, installed(parts, wanted, artifacts.get(name) as Artifact));
  for (const [name, problem] of problems) {
    const slot = slots.get(name);
    if (slot) {
      slot.failure = toWireError(problem);
      parts.unmet(slot);
    }
    parts.log.error({ plugin_name: name, error: toWireError(problem) }, 'plugin cannot start');
  }
  for (const level of levels) {
    const startable = level.filter((name) => !problems.has(name));
    await eachOf(startable, parallelLoads, async (name) => {
      const report = await parts.verbs.begin(slots.get(name) as PluginSlot, artifacts.get(name) as Artifact);
      if (report.reason) parts.log.error({ plugin_name: name, error: report.reason }, 'plugin failed to start');
    });
  }
}

function isArtifact(value: unknown): value is Artifact {
  return typeof value === 'object' && value !== null && 'manifest' in value && 'program' in value;
}

function entryOf(wanted: readonly WantedPlugin[], name: string): PluginEntry {
  return wanted.find((plugin) => plugin.name === name)?.entry ?? plainEntry;
}

function installed(parts: StartUpParts, wanted: readonly WantedPlugin[], artifact: Artifact): PluginSlot {
  const { name } = artifact.manifest;
  const plugin = wanted.find((candidate) => candidate.name === name);
  const { enabled, isolation } = plugin?.entry ?? plainEntry;
  const { config, source: configSource } = parts.configOf(name, artifact);
  const source = plugin?.source ?? artifact.origin;
  return parts.verbs.install(name, { isEnabled: enabled, source, config, configSource, isolation });
}

/** A plugin that cannot even be read has a slot too: status says why, and the next save may mend it. */
function refuse(parts: StartUpParts, { name, source, entry }: WantedPlugin, error: unknown): PluginSlot {
  const { config, source: configSource } = parts.configOf(name, undefined);
  const wish = { isEnabled: entry.enabled, source, config, configSource, isolation: entry.isolation };
  const slot = parts.verbs.install(name, wish);
  slot.failure = toWireError(error);
  parts.log.error({ plugin_name: name, error: slot.failure }, 'plugin cannot be loaded');
  return slot;
}

async function eachOf<T>(items: readonly T[], width: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = [...items];
  const lane = async (): Promise<void> => {
    for (let item = rest.shift(); item !== undefined; item = rest.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: width }, lane));
}
