import { messageOf, type IsolationLevel } from '@hotswap/protocol';
import type { Logger } from '@hotswap/sdk';
import type { CheckParts } from './check-artifact.ts';
import { provisionalName } from './start-up/find-plugins.ts';
import { describePlan } from './plan.ts';
import type { ChangeOptions, LoadOptions, Plan, PluginVerbs, RollbackOptions } from './plugin-verbs.ts';
import type { ChangeAuthor } from './changes/change-record.ts';
import { newOperationId } from './changes/operation-id.ts';
import { promotionOf } from './changes/promotion.ts';
import { recallSnapshot } from './changes/recall-snapshot.ts';
import { canReturn, returnByAssignment } from './changes/return-by-assignment.ts';
import { withdraw } from './changes/withdraw.ts';
import { noteNeed } from './start-up/needed-plugin.ts';
import type { Roster } from './roster.ts';
import { fail } from '../errors.ts';
import type { Artifact } from '../loading/artifact.ts';
import type { PluginSource } from '../loading/plugin-source.ts';
import type { History } from '../plugin/history.ts';
import type { KeyedQueue } from './keyed-queue.ts';
import { type ConfigSource, PluginSlot, type SlotWish } from '../plugin/plugin-slot.ts';
import { configureInPlace } from '../swap/configure-in-place.ts';
import { republish } from '../swap/publish.ts';
import { toWireError } from '../swap/step-clock.ts';
import { takeDown } from '../swap/take-down.ts';
import { type Change, swap, swapTogether, type SwapParts, type Swapping } from '../swap/swap.ts';
import { emptyReport, type SwapReport } from '../swap/swap-report.ts';
import type { Operation, PublicState } from '../status.ts';

export interface VerbParts {
  readonly roster: Roster;
  readonly queue: KeyedQueue;
  readonly swap: SwapParts;
  readonly check: CheckParts;
  /** The config of a plugin, as file, environment and operators have set it. */
  readonly configOf: (plugin: string, artifact: Artifact | undefined) => LayeredConfig;
  readonly historyOf: (plugin: string) => History;
  readonly log: Logger;
  /** The host's before-hook; rejects to veto. */
  readonly beforeTransition: (plugin: string, from: PublicState, to: PublicState, reason: string) => Promise<void>;
  /** A public state may have changed. */
  readonly noted: (slot: PluginSlot, reason: string) => void;
  /** Somebody asks for a change, before it is its turn; and it has published, or was refused. */
  readonly begins: (plugin: string, actor: string, reason: string) => void;
  readonly ended: (plugin: string, actor: string) => void;
  /** A change has published, or was refused: who made it is for its plugin's history. */
  readonly made: (report: SwapReport, author: ChangeAuthor) => void;
  /** Every finished change, for metrics and the log. */
  readonly finished: (report: SwapReport) => void;
  /** The operator's wish has changed; it must survive a restart. */
  readonly wished: (slot: PluginSlot, operation: Operation, options: ChangeOptions) => Promise<void>;
}

/** A config and where it came from. */
export interface LayeredConfig {
  readonly config: SlotWish['config'];
  readonly source: ConfigSource;
}

/** What the config file wants beside the change itself. */
interface WithWish {
  readonly wish?: Partial<SlotWish>;
}

/** Carries the verbs out: one change of a plugin at a time, changes of different plugins side by side. */
export class Verbs implements PluginVerbs {
  readonly #parts: VerbParts;

  constructor(parts: VerbParts) {
    this.#parts = parts;
  }

  async load(source: PluginSource, options: LoadOptions & WithWish = {}): Promise<SwapReport> {
    const artifact = await this.#parts.swap.load(source, options.signal).catch(toError);
    if (artifact instanceof Error) return this.#unreadable(source, artifact);
    const { name } = artifact.manifest;
    return this.#change(name, 'load', options, async (operationId) => {
      const existing = this.#parts.roster.find(name);
      if (existing?.current) throw fail('PLUGIN_LOADED_ALREADY', { plugin: name });
      const isolation = existing?.wish.isolation;
      const { config, source: configSource } = this.#configFor(artifact, existing, options);
      const wish = { isEnabled: true, source, config, configSource, isolation, ...options.wish };
      const slot = existing ?? this.install(name, wish);
      try {
        return await this.#swap(slot, { operation: 'load', operationId, wish, artifact }, options);
      } catch (error) {
        // Vetoed before it began: nothing was installed.
        if (existing === undefined) this.#parts.roster.remove(slot);
        throw error;
      }
    });
  }

  reload(plugin: string, options: ChangeOptions = {}): Promise<SwapReport> {
    return this.#replace(plugin, 'reload', options, (slot) => ({ wish: slot.wish }));
  }

  /** @param options `artifact`: what shall run where nothing does; default: whatever the source has by now */
  restart(
    plugin: string,
    options: ChangeOptions & { readonly artifact?: Artifact | undefined } = {},
  ): Promise<SwapReport> {
    return this.#replace(plugin, 'restart', options, ({ wish, current }) => ({
      wish,
      artifact: current?.artifact ?? options.artifact,
    }));
  }

  swap(plugin: string, source: PluginSource, options: LoadOptions = {}): Promise<SwapReport> {
    return this.#replace(plugin, 'swap', options, ({ wish }) => ({
      wish: options.config ? { ...wish, source, config: options.config, configSource: 'api' } : { ...wish, source },
    }));
  }

  configure(
    plugin: string,
    config: Readonly<Record<string, unknown>>,
    options: ChangeOptions = {},
  ): Promise<SwapReport> {
    return this.#change(plugin, 'configure', options, async (operationId) => {
      const slot = this.#enabled(plugin);
      const wish: SlotWish = { ...slot.wish, config: this.#unmasked(slot, config), configSource: 'api' };
      const inPlace = await this.#configureInPlace(slot, { operation: 'configure', operationId, wish }, options);
      if (inPlace) return inPlace;
      const artifact = slot.current?.artifact;
      return this.#swap(slot, { operation: 'configure', operationId, wish, artifact }, options);
    });
  }

  /** Changes of several plugins: every candidate is prepared, then one table publishes all of them, or none. */
  async reshapeTogether(reshapes: readonly Reshape[], options: ChangeOptions): Promise<readonly SwapReport[]> {
    const { roster, queue, finished, begins, ended, swap: parts } = this.#parts;
    const { actor = defaultActor, reason = 'configure', operationId = newOperationId('configure') } = options;
    const slots = reshapes.map(({ plugin, wish, isConfigOnly }) => {
      const slot = roster.get(plugin);
      return { slot, isConfigOnly, wish: { ...slot.wish, ...wish } };
    });
    const names = slots.map(({ slot }) => slot.name).toSorted();
    for (const name of names) begins(name, actor, reason);
    const reshaping = queue.runAll(names, async () => {
      const done: Swapping[] = [];
      const changes: { slot: PluginSlot; change: Change }[] = [];
      for (const { slot, wish, isConfigOnly } of slots) {
        const change = { operation: 'configure', operationId, wish } as const;
        const inPlace = isConfigOnly ? await this.#configureInPlace(slot, change, options) : undefined;
        if (inPlace) done.push(inPlace);
        else changes.push({ slot, change: this.#described(change, options) });
      }
      const made = [...done, ...(changes.length > 0 ? await swapTogether(parts, changes) : [])];
      for (const { published } of made) this.#parts.made(published, { actor, reason });
      return made;
    });
    const swappings = await reshaping.finally(() => {
      for (const name of names) ended(name, actor);
    });
    const reports = await Promise.all(swappings.map(({ drained }) => drained));
    for (const report of reports) finished(report);
    return reports;
  }

  enable(plugin: string, options: ChangeOptions & WithWish = {}): Promise<SwapReport> {
    return this.#replace(plugin, 'enable', options, ({ wish }) => ({
      wish: { ...wish, ...options.wish, isEnabled: true },
    }));
  }

  disable(plugin: string, options: ChangeOptions = {}): Promise<SwapReport> {
    return this.#change(plugin, 'disable', options, async (operationId) => {
      const slot = this.#parts.roster.get(plugin);
      this.#refuseIfNeeded(plugin);
      await this.#parts.beforeTransition(plugin, slot.publicState, 'unloading', options.reason ?? 'disable');
      slot.wish = { ...slot.wish, isEnabled: false };
      slot.needs = undefined;
      return this.#takeDown(slot, 'disable', operationId);
    });
  }

  async unload(plugin: string, options: ChangeOptions & { readonly cascade?: boolean } = {}): Promise<SwapReport> {
    const { roster } = this.#parts;
    roster.get(plugin);
    if (options.cascade !== true) return this.#unloadOne(plugin, options);
    let last: SwapReport | undefined;
    for (const name of roster.cascadeOf(plugin)) last = await this.#unloadOne(name, options);
    return last as SwapReport;
  }

  rollback(plugin: string, options: RollbackOptions = {}): Promise<SwapReport> {
    const { swap: parts, check } = this.#parts;
    return this.#change(plugin, 'rollback', options, async (operationId) => {
      const slot = this.#enabled(plugin);
      const reason = options.reason ?? 'manual';
      if (canReturn(slot)) await this.#parts.beforeTransition(plugin, slot.publicState, 'active', reason);
      // Looked at after the wait: the watch may have ended meanwhile.
      const { probation, current } = slot;
      if (current && options.actor === 'watch') slot.history.forgetConfigsOf(current.number);
      const isConfigLast = current !== undefined && slot.history.latest?.generation === current.number;
      const undone = isConfigLast ? await this.#undoConfig(slot, operationId, options) : undefined;
      if (undone) return undone;
      if (probation && canReturn(slot) && !isConfigLast)
        return returnByAssignment(parts, { slot, probation, operationId }, reason);
      const snapshot = slot.history.latest;
      if (snapshot === undefined) throw fail('SNAPSHOT_MISSING', { plugin });
      const { load } = parts;
      const recalled = await recallSnapshot({ load, unmask: check.unmask }, { slot, snapshot }, options.signal);
      const change = {
        operation: 'rollback',
        operationId,
        ...recalled,
        isReturn: true,
        isForced: options.force,
      } as const;
      const swapping = await this.#swap(slot, change, options);
      if (swapping.published.outcome === 'swapped') slot.countRollback('manual');
      return swapping;
    });
  }

  /** Where the last change was a config taken in place, going back is that again. */
  async #undoConfig(slot: PluginSlot, operationId: string, options: ChangeOptions): Promise<Swapping | undefined> {
    const wish = { ...slot.wish, config: slot.history.latest?.config ?? slot.wish.config };
    return this.#configureInPlace(slot, { operation: 'rollback', operationId, wish, isReturn: true }, options);
  }

  promote(plugin: string, level: IsolationLevel, options: ChangeOptions = {}): Promise<SwapReport> {
    return this.#replace(plugin, 'promote', options, (slot) => promotionOf(slot, level));
  }

  plan(
    operation: Operation,
    plugin: string,
    options: { readonly source?: PluginSource; readonly cascade?: boolean } = {},
  ): Promise<Plan> {
    return describePlan(this.#parts, operation, plugin, options);
  }

  /** Takes a plugin down at the end of the runtime; what operators wish is not touched. */
  remove(plugin: string): Promise<SwapReport> {
    return this.#change(plugin, 'unload', { actor: 'shut-down' }, async (operationId) => {
      const slot = this.#parts.roster.get(plugin);
      const ending = await this.#takeDown(slot, 'unload', operationId);
      this.#parts.roster.remove(slot);
      republish(this.#parts.swap);
      return ending;
    });
  }

  /** Ends what trust does not cover any more. The slot stays, and says why. */
  withdraw(plugin: string, objection: Error): Promise<SwapReport> {
    const options = { actor: 'trust', reason: objection.message };
    return this.#change(plugin, 'unload', options, (id) => withdraw(this.#parts, plugin, { id, objection }));
  }

  /** Makes an empty slot; a first load fills it. */
  install(name: string, wish: SlotWish): PluginSlot {
    const slot = new PluginSlot(name, wish, this.#parts.historyOf(name));
    this.#parts.roster.add(slot);
    return slot;
  }

  /** A first load at start-up, of an artifact that was read already. */
  begin(slot: PluginSlot, artifact: Artifact): Promise<SwapReport> {
    return this.#change(slot.name, 'load', { actor: 'start-up', wait: 'published' }, (operationId) =>
      this.#swap(slot, { operation: 'load', operationId, wish: slot.wish, artifact }, {}),
    );
  }

  /** A source that cannot even be read: there is no plugin yet, but there is a result. */
  async #unreadable(source: PluginSource, error: Error): Promise<SwapReport> {
    const plugin = await provisionalName(source);
    const about = { outcome: 'failed', operation: 'load', operationId: newOperationId('load'), plugin } as const;
    const report: SwapReport = { ...emptyReport(about), reason: toWireError(error) };
    this.#parts.finished(report);
    return report;
  }

  /** Another try of a plugin that lacked a dependency. What comes of it is in status and log. */
  async retry(slot: PluginSlot): Promise<void> {
    const options: ChangeOptions = { actor: 'start-up', reason: 'its dependency became active', wait: 'published' };
    await this.#replace(slot.name, 'restart', options, ({ wish }) => ({ wish })).catch((error: unknown) => {
      slot.failure = toWireError(error);
    });
  }

  #replace(
    plugin: string,
    operation: Operation,
    options: ChangeOptions,
    describe: (slot: PluginSlot) => { readonly wish: SlotWish; readonly artifact?: Artifact | undefined },
  ): Promise<SwapReport> {
    return this.#change(plugin, operation, options, async (operationId) => {
      const slot = operation === 'enable' ? this.#parts.roster.get(plugin) : this.#enabled(plugin);
      return this.#swap(slot, { operation, operationId, ...describe(slot) }, options);
    });
  }

  /** Queues a change; the plugin is free for the next one as soon as this one has published. */
  async #change(
    plugin: string,
    operation: Operation,
    options: ChangeOptions,
    work: (operationId: string) => Promise<Swapping>,
  ): Promise<SwapReport> {
    const { actor = defaultActor, reason = operation, operationId = newOperationId(operation) } = options;
    const { queue, finished, made, roster, wished, begins, ended } = this.#parts;
    begins(plugin, actor, reason);
    const changing = queue.run(plugin, async () => {
      const { signal } = options;
      if (signal?.aborted) throw fail('OPERATION_ABORTED', { operation, plugin, reason: messageOf(signal.reason) });
      const swapping = await work(operationId);
      const slot = roster.find(plugin);
      const isDone = swapping.published.outcome !== 'kept' && swapping.published.outcome !== 'failed';
      if (slot && isDone) await wished(slot, operation, options);
      made(swapping.published, { actor, reason });
      return swapping;
    });
    const swapping = await changing.finally(() => ended(plugin, actor));
    const report = options.wait === 'published' ? swapping.published : await swapping.drained;
    finished(report);
    return report;
  }

  async #swap(slot: PluginSlot, described: Described, options: ChangeOptions): Promise<Swapping> {
    const change = this.#described(described, options);
    const to = slot.current ? 'reloading' : 'loading';
    await this.#parts.beforeTransition(slot.name, slot.publicState, to, change.reason);
    const swapping = await swap(this.#parts.swap, slot, change);
    if (swapping.published.outcome === 'failed') noteNeed(slot, swapping.published.reason, this.#parts);
    return swapping;
  }

  #described(change: Described, { actor = defaultActor, reason = change.operation, signal }: ChangeOptions): Change {
    return { ...change, actor, reason, signal };
  }

  #configureInPlace(slot: PluginSlot, change: Described, options: ChangeOptions): Promise<Swapping | undefined> {
    const { check, swap: parts } = this.#parts;
    return configureInPlace({ ...check, ...parts }, slot, this.#described(change, options));
  }

  async #unloadOne(plugin: string, options: ChangeOptions): Promise<SwapReport> {
    return this.#change(plugin, 'unload', options, async (operationId) => {
      const slot = this.#parts.roster.get(plugin);
      this.#refuseIfNeeded(plugin);
      await this.#parts.beforeTransition(plugin, slot.publicState, 'unloading', options.reason ?? 'unload');
      await this.#parts.wished(slot, 'unload', options);
      const ending = await this.#takeDown(slot, 'unload', operationId);
      this.#parts.roster.remove(slot);
      republish(this.#parts.swap);
      return ending;
    });
  }

  /** A mask that is sent back stands for what the operator had written there, be it a secret or its name. */
  #unmasked({ current, wish }: PluginSlot, config: SlotWish['config']): SlotWish['config'] {
    return current ? this.#parts.check.unmask(current.artifact, config, wish.config) : config;
  }

  /** What the caller gives, else what the plugin had, else what file and environment say about a newcomer. */
  #configFor(artifact: Artifact, existing: PluginSlot | undefined, { config }: LoadOptions): LayeredConfig {
    if (config) return { config, source: 'api' };
    if (existing) return { config: existing.wish.config, source: existing.wish.configSource };
    return this.#parts.configOf(artifact.manifest.name, artifact);
  }

  /** @throws PLUGIN_UNKNOWN, PLUGIN_DISABLED */
  #enabled(plugin: string): PluginSlot {
    const slot = this.#parts.roster.get(plugin);
    if (!slot.wish.isEnabled) throw fail('PLUGIN_DISABLED', { plugin });
    return slot;
  }

  #refuseIfNeeded(plugin: string): void {
    const dependents = this.#parts.roster.dependentsOf(plugin);
    if (dependents.length > 0) throw fail('PLUGIN_HAS_DEPENDENTS', { plugin, dependents: dependents.join(', ') });
  }

  async #takeDown(slot: PluginSlot, operation: 'unload' | 'disable', operationId: string): Promise<Swapping> {
    const report = await takeDown(this.#parts.swap, slot, { operation, operationId });
    return { published: report, drained: Promise.resolve(report) };
  }
}

/** A change before it is said who wants it and why. */
type Described = Omit<Change, 'actor' | 'reason' | 'signal'>;

/** What one plugin of several shall become. */
export interface Reshape {
  readonly plugin: string;
  readonly wish: Partial<SlotWish>;
  /** Nothing but the config changes: the plugin may take it in place. */
  readonly isConfigOnly: boolean;
}

const defaultActor = 'api';

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
