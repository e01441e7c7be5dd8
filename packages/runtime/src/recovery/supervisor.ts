import { messageOf } from '@hotswap/protocol';
import { PluginRecovery } from './plugin-recovery.ts';
import { RecoveryLog } from './recovery-log.ts';
import type { RecoveryParts } from './recovery-parts.ts';
import type { RecoveryCounts } from '../host-services/metrics/runtime-metrics.ts';
import type { Generation } from '../plugin/generation.ts';
import type { PluginSlot } from '../plugin/plugin-slot.ts';
import { problemOf } from './story.ts';
import type { PluginStatus } from '../status.ts';
import type { SwapReport } from '../swap/swap-report.ts';
import { endQuietly } from './outage/take-out.ts';

/** What the supervisor of a runtime is made with. */
export interface SupervisorParts extends RecoveryParts {
  readonly slots: () => readonly PluginSlot[];
  readonly find: (plugin: string) => PluginSlot | undefined;
}

/** How often counters are remembered, and breakers looked at that nobody calls. */
const tickMs = 1_000;

/** Those whose verbs are nobody's word: start-up, the watch over a new generation, and recovery itself. */
const automaticActors: readonly string[] = ['recovery', 'start-up', 'watch'];

/**
 * Hears of everything that befalls plugins and hands it to the recovery of each. It starts nothing itself: what it
 * decides is done by the verbs.
 */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #recoveries = new WeakMap<PluginSlot, PluginRecovery>();
  #cancelTick: (() => void) | undefined;
  #isClosed = false;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#arm();
  }

  /** Ends every attempt that is due or under way; nothing is begun any more. */
  close(): void {
    this.#isClosed = true;
    this.#cancelTick?.();
    for (const slot of this.#parts.slots()) this.#of(slot).close();
  }

  /** The public state of a plugin may have changed. */
  noted(slot: PluginSlot): void {
    if (!this.#isClosed) this.#of(slot).settle();
  }

  /** A call of a generation failed, or an error came out of it. */
  failed({ plugin }: Generation): void {
    this.#withRecovery(plugin, (recovery) => recovery.look());
  }

  /** The isolate of a generation ended without being asked to. */
  exited(error: Error, generation: Generation): void {
    const slot = this.#parts.find(generation.plugin);
    if (slot === undefined) return;
    if (this.#isClosed) endQuietly(this.#parts.swap, slot, generation);
    else this.#of(slot).exited(generation, error);
  }

  /** A hand-over failed, and the version before could not be brought back. */
  unrevived(slot: PluginSlot, problem: string): void {
    if (!this.#isClosed) this.#of(slot).ails('start-failed', problem);
  }

  /** A plugin was asked for its health. @param problem undefined: it is well enough */
  probed(slot: PluginSlot, problem: string | undefined): void {
    if (this.#isClosed) return;
    if (problem === undefined) this.#of(slot).healthy();
    else this.#of(slot).ails('health', problem);
  }

  /** A plugin uses more than it may, and its operator wants it ended for that. */
  overLimit(plugin: string, detail: string): void {
    this.#withRecovery(plugin, (recovery) => recovery.ails('limit', detail));
  }

  /** A verb begins. */
  verbBegins(plugin: string, actor: string, reason: string): void {
    if (automaticActors.includes(actor)) return;
    this.#withRecovery(plugin, (recovery) => recovery.operatorActs(`${actor}: ${reason}`));
  }

  /** A verb has ended, well or not. */
  verbEnded(plugin: string, actor: string): void {
    if (actor !== 'recovery') this.#withRecovery(plugin, (recovery) => recovery.verbEnded(actor));
  }

  /** A watch has gone back to the generation before: written down as what recovery does is. */
  rolledBack({ name, current }: PluginSlot, reason: string): string {
    const log = new RecoveryLog(this.#parts.log, name);
    log.began(reason, 'the new generation must give way');
    log.step(reason, { decision: 'return to the generation before', generation: current?.number });
    log.ended('rolled-back', reason);
    return log.operationId;
  }

  /** A watch goes back by a swap, for there is no generation left to return to. */
  async swapsBack(
    { name }: PluginSlot,
    reason: string,
    swapBack: (operationId: string) => Promise<SwapReport>,
  ): Promise<void> {
    const log = new RecoveryLog(this.#parts.log, name);
    log.began(reason, 'the new generation must give way');
    log.step(reason, { decision: 'swap back to the version before' });
    const problem = await swapBack(log.operationId).then(problemOf, messageOf);
    log.ended(problem === undefined ? 'rolled-back' : 'stayed', problem ?? reason);
  }

  /** What an operator sees of it. */
  statusOf(slot: PluginSlot): Pick<PluginStatus, 'breaker' | 'recovery'> {
    return this.#of(slot).status;
  }

  /** What a scrape shows of it. */
  countsOf(slot: PluginSlot): RecoveryCounts {
    const { status, counts } = this.#of(slot);
    return { breaker: status.breaker, ...counts };
  }

  #withRecovery(plugin: string, act: (recovery: PluginRecovery) => void): void {
    const slot = this.#isClosed ? undefined : this.#parts.find(plugin);
    if (slot) act(this.#of(slot));
  }

  #of(slot: PluginSlot): PluginRecovery {
    const known = this.#recoveries.get(slot);
    if (known) return known;
    const recovery = new PluginRecovery(this.#parts, slot);
    this.#recoveries.set(slot, recovery);
    return recovery;
  }

  #arm(): void {
    this.#cancelTick = this.#parts.clock.after(tickMs, () => {
      for (const slot of this.#parts.slots()) this.#of(slot).tick();
      this.#arm();
    });
  }
}
