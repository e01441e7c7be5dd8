import { dirname } from 'node:path';
import { overlayDesiredState } from '../config/desired/desired-overlay.ts';
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
  const before = overlayDesiredState(current, desired).config;
  const { config: after, drift } = overlayDesiredState(next, desired);
  const plan = planConfigChange(before, after, knownPlugins(parts));
  const reports: SwapReport[] = [];
  for (const operation of plan.operations) {
    if (operation.type === 'unload') reports.push(await parts.verbs.unload(operation.plugin, byFile));
    if (operation.type === 'disable') reports.push(await parts.verbs.disable(operation.plugin, byFile));
  }
  const changing = plan.operations.filter(({ type }) => type === 'swap' || type === 'configure');
  if (changing.length > 0) reports.push(...(await change(parts, changing)));
  for (const operation of plan.operations) {
    if (operation.type === 'load') reports.push(...(await load(parts, operation)));
    if (operation.type === 'enable') reports.push(await enable(parts, operation));
  }
  return {
    reports,
    needsRestart: [...plan.restart, ...plan.settings],
    drift: drift.map(({ message }) => message),
  };
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

async function change(parts: UpdateParts, operations: readonly ConfigOperation[]): Promise<readonly SwapReport[]> {
  const changes = await Promise.all(
    operations
      .filter((operation): operation is WantedOperation => operation.type !== 'unload')
      .map(async ({ plugin, type, wanted }) => ({ plugin, isConfigOnly: type === 'configure', wish: await wishOf(parts, plugin, wanted) })),
  );
  return parts.verbs.reshapeTogether(changes, byFile);
}

async function load(parts: UpdateParts, { plugin, wanted }: WantedOperation): Promise<readonly SwapReport[]> {
  const { source } = await wishOf(parts, plugin, wanted);
  if (source === undefined) return [];
  return [await parts.verbs.load(source, { ...byFile, config: wanted.config })];
}

async function enable(parts: UpdateParts, { plugin, wanted }: WantedOperation): Promise<SwapReport> {
  return parts.verbs.enable(plugin, { ...byFile, wish: await wishOf(parts, plugin, wanted) });
}

async function wishOf(
  parts: UpdateParts,
  plugin: string,
  { source, config, isolation }: WantedOperation['wanted'],
): Promise<Partial<SlotWish>> {
  const found = source ?? (await parts.findInDirectory(plugin));
  return { config, configSource: 'file', isolation, ...(found === undefined ? {} : { source: found }) };
}
