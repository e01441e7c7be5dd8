import { checkArtifact, type CheckParts } from './check-artifact.ts';
import type { Plan } from './plugin-verbs.ts';
import type { Roster } from './roster.ts';
import type { PluginSource } from '../loading/plugin-source.ts';
import { PluginSlot, type SlotWish } from '../plugin/plugin-slot.ts';
import { History } from '../plugin/history.ts';
import { toWireError } from '../swap/step-clock.ts';
import type { Operation } from '../status.ts';
import type { SwapParts } from '../swap/swap.ts';

export interface PlanParts {
  readonly roster: Roster;
  readonly swap: Pick<SwapParts, 'load'>;
  readonly check: CheckParts;
}

const neededFirst: Readonly<Partial<Record<Operation, string>>> = { unload: 'unload', disable: 'disable' };

/** What a change would touch and what would refuse it. Reads and checks the source; runs nothing of it. */
export async function describePlan(
  parts: PlanParts,
  operation: Operation,
  plugin: string,
  options: { readonly source?: PluginSource; readonly cascade?: boolean },
): Promise<Plan> {
  const { roster } = parts;
  const slot = roster.find(plugin);
  const problems: { code: string; message: string }[] = [];
  const note = (error: unknown): void => {
    const { code, message } = toWireError(error);
    problems.push({ code, message });
  };
  if (slot === undefined && operation !== 'load') {
    problems.push({ code: 'PLUGIN_UNKNOWN', message: `no plugin ${plugin} is loaded` });
    return { operation, plugin, steps: [], problems };
  }
  const source = options.source ?? slot?.wish.source;
  const isRemoval = neededFirst[operation] !== undefined;
  if (!isRemoval && source !== undefined) await tryOut(parts, { plugin, source, slot }).catch(note);
  const dependents = isRemoval ? roster.cascadeOf(plugin).filter((name) => name !== plugin) : [];
  if (dependents.length > 0 && options.cascade !== true) {
    problems.push({ code: 'PLUGIN_HAS_DEPENDENTS', message: `${plugin} is needed by ${dependents.join(', ')}` });
  }
  const steps = [
    ...dependents.map((name) => ({ plugin: name, action: operation, reason: `it needs ${plugin}` })),
    { plugin, action: operation, reason: 'asked for' },
  ];
  return { operation, plugin, steps, problems };
}

async function tryOut(
  { swap, check }: PlanParts,
  {
    plugin,
    source,
    slot,
  }: { readonly plugin: string; readonly source: PluginSource; readonly slot: PluginSlot | undefined },
): Promise<void> {
  const artifact = await swap.load(source, undefined);
  const wish: SlotWish = slot?.wish ?? {
    isEnabled: true,
    source,
    config: {},
    configSource: 'api',
    isolation: undefined,
  };
  checkArtifact(check, slot ?? new PluginSlot(plugin, wish, new History(1)), artifact, wish);
  await check.configFor(artifact, wish.config);
}
