import type { Logger } from '@hotswap/sdk';
import type { Verbs } from '../verbs.ts';
import { plainEntry, type PluginEntry } from '../../config/plugin-entry.ts';
import type { ConfigurablePlugin } from '../../config/plugin/plugin-variables.ts';
import type { Artifact } from '../../loading/artifact.ts';
import { orderPlugins } from '../../loading/dependency-order.ts';
import type { PluginSource } from '../../loading/plugin-source.ts';
import type { ConfigSource, PluginSlot } from '../../plugin/plugin-slot.ts';
import { toWireError } from '../../swap/step-clock.ts';

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
  readonly loadOrderPlaces: readonly (string | undefined)[];
  /** Refuses variables of the environment that mean no setting of any plugin. */
  readonly checkVariables: (plugins: readonly ConfigurablePlugin[]) => void;
  /** A plugin has failed before it began; it may be what another plugin mends. */
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
/**
 * Starts every wanted plugin: all are read, then they start level by level, independent ones side by side.
 * One that cannot start is `failed` with its reason; the rest run.
 *
 * @throws CONFIG_INVALID, LOAD_ORDER_UNKNOWN
 */
export async function startPlugins(parts: StartUpParts, wanted: readonly WantedPlugin[]): Promise<void> {
  const artifacts = new Map<string, Artifact>();
  const slots = new Map<string, PluginSlot>();
  await eachOf(wanted, parallelLoads, async (plugin) => {
    const result = await parts.load(plugin.source).catch((error: unknown) => error);
    if (isArtifact(result)) artifacts.set(result.manifest.name, result);
    else slots.set(plugin.name, refuse(parts, plugin, result));
  });
  parts.checkVariables(configurable(wanted, artifacts));
  const runnable = [...artifacts.values()].filter(({ manifest }) => entryOf(wanted, manifest.name).enabled);
  const { levels, problems } = orderPlugins(
    runnable.map(({ manifest }) => manifest),
    parts.loadOrder,
    wanted.map(({ name }) => name),
    parts.loadOrderPlaces,
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

/** One that could not be read has its name; any key may be one of its schema. */
function configurable(
  wanted: readonly WantedPlugin[],
  artifacts: ReadonlyMap<string, Artifact>,
): readonly ConfigurablePlugin[] {
  const names = new Set([...artifacts.keys(), ...wanted.map(({ name }) => name)]);
  return Array.from(names, (name) => ({ name, schema: artifacts.get(name)?.manifest.config }));
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
  parts.unmet(slot);
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
