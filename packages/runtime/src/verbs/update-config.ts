import { dirname } from 'node:path';
import { overlayDesiredState } from '../config/desired/desired-overlay.ts';
import { type ConfigSource, layerConfig } from '../config/plugin/config-layers.ts';
import { overlayVariables } from '../config/plugin/overlay-variables.ts';
import { claimPluginVariables, type ConfigurablePlugin } from '../config/plugin/plugin-variables.ts';
import { type ConfigOperation, type KnownPlugin, planConfigChange } from '../config/config-diff.ts';
import type { RuntimeConfig } from '../config/runtime-config.ts';
import type { SwapReport } from '../swap/swap-report.ts';
import type { SlotWish } from '../plugin/plugin-slot.ts';
import type { OperatorWishes } from './operator-wishes.ts';
import type { ChangeOptions } from './plugin-verbs.ts';
import type { Roster } from './roster.ts';
import type { Verbs } from './verbs.ts';

/** What a new config came to. */
export interface ConfigUpdate {
  /** One for each plugin that was touched. If one of those that stay was kept, all of them were. */
  readonly reports: readonly SwapReport[];
  /** Changed settings that hold only after a restart, as they are written in the file. */
  readonly needsRestart: readonly string[];
  /** Edits of the file that what an operator has set outranks, in sentences. */
  readonly drift: readonly string[];
}

export interface UpdateParts {
  readonly roster: Roster;
  readonly verbs: Verbs;
  readonly wishes: OperatorWishes;
  readonly directory: string | undefined;
  /** Where a plugin that the directory holds lies. */
  readonly findInDirectory: (plugin: string) => Promise<string | undefined>;
}

const byFile: ChangeOptions = { actor: 'file', reason: 'config changed' };

/**
 * Takes the runtime from one config to another by the smallest operations there are: first what goes, then, published
 * together, everything that changes, then what is new.
 */
export async function updateConfig(
  parts: UpdateParts,
  { current, next }: { readonly current: RuntimeConfig; readonly next: RuntimeConfig },
): Promise<ConfigUpdate> {
  const desired = parts.wishes.desired?.plugins ?? {};
  const plugins = configurable(parts.roster);
  const before = overlayDesiredState(overlayVariables(current, plugins), desired).config;
  const after = overlayDesiredState(overlayVariables(next, plugins), desired).config;
  const { drift } = overlayDesiredState(next, desired);
  const claimed = claimPluginVariables(next.pluginVariables, plugins).byPlugin;
  const scope: UpdateScope = {
    ...parts,
    configSourceOf: (plugin) => {
      const file = next.plugins.entries[plugin]?.config;
      const api = after.plugins.entries[plugin]?.override;
      return layerConfig({ file, environment: claimed.get(plugin)?.config, api }).source;
    },
  };
  const plan = planConfigChange(before, after, knownPlugins(parts));
  const reports: SwapReport[] = [];
  for (const operation of plan.operations) {
    if (operation.type === 'unload') reports.push(await parts.verbs.unload(operation.plugin, byFile));
    if (operation.type === 'disable') reports.push(await parts.verbs.disable(operation.plugin, byFile));
  }
  const changing = plan.operations.filter(({ type }) => type === 'swap' || type === 'configure');
  if (changing.length > 0) reports.push(...(await change(scope, changing)));
  for (const operation of plan.operations) {
    if (operation.type === 'load') reports.push(...(await load(scope, operation)));
    if (operation.type === 'enable') reports.push(await enable(scope, operation));
  }
  return {
    reports,
    needsRestart: [...plan.restart, ...plan.settings],
    drift: drift.map(({ message }) => message),
  };
}

interface UpdateScope extends UpdateParts {
  /** Whose word the plugin's config is, once the next config is in force. */
  readonly configSourceOf: (plugin: string) => ConfigSource;
}

function configurable(roster: Roster): readonly ConfigurablePlugin[] {
  return roster.slots.map(({ name, current }) => ({ name, schema: current?.artifact.manifest.config }));
}

function knownPlugins({ roster, directory }: UpdateParts): readonly KnownPlugin[] {
  return roster.slots.map(({ name, wish, current }) => ({
    name,
    kinds: current?.artifact.manifest.kinds ?? [],
    dependencies: Object.keys(current?.artifact.manifest.dependencies ?? {}),
    isInDirectory: directory !== undefined && typeof wish.source === 'string' && dirname(wish.source) === directory,
  }));
}

type WantedOperation = Exclude<ConfigOperation, { readonly type: 'unload' }>;

async function change(parts: UpdateScope, operations: readonly ConfigOperation[]): Promise<readonly SwapReport[]> {
  const changes = await Promise.all(
    operations
      .filter((operation): operation is WantedOperation => operation.type !== 'unload')
      .map(async ({ plugin, type, wanted }) => ({
        plugin,
        isConfigOnly: type === 'configure',
        wish: await wishOf(parts, plugin, wanted),
      })),
  );
  return parts.verbs.reshapeTogether(changes, byFile);
}

/** A newcomer's config is put together once its schema is known; one that stays disabled is only noted. */
async function load(parts: UpdateScope, { plugin, wanted }: WantedOperation): Promise<readonly SwapReport[]> {
  const { source, ...wish } = await wishOf(parts, plugin, wanted);
  if (source === undefined) return [];
  if (wanted.enabled) return [await parts.verbs.load(source, { ...byFile, wish: { isolation: wanted.isolation } })];
  parts.verbs.install(plugin, { ...wish, source, isEnabled: false });
  return [];
}

async function enable(parts: UpdateScope, { plugin, wanted }: WantedOperation): Promise<SwapReport> {
  return parts.verbs.enable(plugin, { ...byFile, wish: await wishOf(parts, plugin, wanted) });
}

async function wishOf(
  { findInDirectory, configSourceOf }: UpdateScope,
  plugin: string,
  { source, config, isolation }: WantedOperation['wanted'],
): Promise<Omit<SlotWish, 'source' | 'isEnabled'> & Partial<Pick<SlotWish, 'source'>>> {
  const found = source ?? (await findInDirectory(plugin));
  const configSource = configSourceOf(plugin);
  return { config, configSource, isolation, ...(found === undefined ? {} : { source: found }) };
}
