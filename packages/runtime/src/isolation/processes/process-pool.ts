import type { ConfinedProcess, ConfinementLimits } from '@hotswap/sandbox';
import { messageOf } from '@hotswap/protocol';
import type { Logger } from '@hotswap/sdk';
import { confinementOf, type GuestLaunch, type LaunchProfile, needsOwnLaunch, profileOf } from './launch-profile.ts';
import { GuestProcess } from './guest-process.ts';
import { ProcessWatch } from './process-watch.ts';
import { RefusalLog } from './refusal-log.ts';
import { SharedProcesses } from './shared-processes.ts';
import type { Place, PlaceOwner, PlacePool } from '../places/place.ts';
import { StuckCensus } from '../places/stuck-census.ts';
import { fail } from '../../errors.ts';
import type { HostClock } from '../../host-services/system-clock.ts';
import type { ProcessesStatus, StuckThread } from '../../status.ts';

/** What a pool is made with. */
export interface ProcessPoolOptions {
  /** Starts a confined process. */
  readonly launch: (options: GuestLaunch) => Promise<ConfinedProcess>;
  /** Where the guest's entry file is; asked when the first process is wanted. */
  readonly entry: () => Promise<string>;
  /** How many warm processes wait for plugins, once the first was asked for. */
  readonly spares: number;
  /** What a spare is held to; a plugin that may use more of what cannot be changed later gets none. */
  readonly limits: ConfinementLimits;
  /** What it may use of the processor until it is ready for a plugin, if that is more; default: no more than later. */
  readonly startCpuPercent?: number;
  /** How long after it was killed a process counts as stuck; default 2 s. */
  readonly killMs?: number;
  readonly clock: Pick<HostClock, 'after'>;
  readonly log: Logger;
  /** Told of each process that the system did not let go of. */
  readonly onStuck?: (process: StuckThread) => void;
}

/** New spares are made when nobody has asked for a process for so long: a swap has its moment to itself. */
const quietMs = 250;
/** A process that the kernel has not let go of so long after it was killed is stuck. */
const usualKillMs = 2_000;
/** A process whose entry is not up by then will not be. */
const readyMs = 20_000;

/** Confined processes for plugins, each used once, with warm ones in reserve. */
export class ProcessPool implements PlacePool {
  readonly #options: ProcessPoolOptions;
  readonly #census: StuckCensus;
  readonly #watch = new ProcessWatch();
  readonly #spares: GuestProcess[] = [];
  readonly #taken = new Set<GuestProcess>();
  readonly #shared = new SharedProcesses((profile) => this.#start(profile));
  #refilling: Promise<void> | undefined;
  #cancelRefill: (() => void) | undefined;
  #isClosed = false;

  constructor(options: ProcessPoolOptions) {
    this.#options = options;
    this.#census = new StuckCensus((process) => {
      options.log.error(
        { ...process },
        'a process could not be ended and was abandoned; it may hold a core and memory',
      );
      options.onStuck?.(process);
    });
  }

  status(): ProcessesStatus {
    return { alive: this.#taken.size, spares: this.#spares.length, stuck: this.#census.stuck };
  }

  /** What an operator must know, in sentences. */
  notices(): readonly string[] {
    return this.#census.stuck.map(
      ({ plugin, generation, reason }) =>
        `a process of plugin ${plugin}, generation ${generation}, cannot be ended (${reason}): the system holds on to it`,
    );
  }

  async take(owner?: PlaceOwner): Promise<Place> {
    const profile = profileOf(owner, this.#options.limits);
    if (owner?.share !== undefined) return this.#shared.join(owner.share, owner, profile);
    const process = (await this.#spareFor(profile)) ?? (await this.#start(profile));
    this.#planRefill();
    return process.open(owner);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRefill?.();
    const launching = this.#refilling;
    await launching;
    await Promise.all([...this.#spares, ...this.#taken].map((process) => process.end()));
  }

  async #spareFor(profile: LaunchProfile): Promise<GuestProcess | undefined> {
    const { limits } = this.#options;
    if (needsOwnLaunch(profile, limits)) return undefined;
    const process = this.#spares.shift();
    if (process === undefined) return undefined;
    this.#taken.add(process);
    process.confined.ref();
    const { memoryMB, cpuPercent, processes } = profile.limits;
    const isSame = memoryMB === limits.memoryMB && cpuPercent === limits.cpuPercent && processes === limits.processes;
    if (isSame) return process;
    try {
      await process.limit(profile.limits);
      return process;
    } catch {
      // Not on every host can a running process be held to other limits: such a plugin gets one that is started for it.
      void process.end();
      return undefined;
    }
  }

  async #start(profile: LaunchProfile): Promise<GuestProcess> {
    const process = await this.#launch(profile, false);
    this.#taken.add(process);
    await this.#holdToLimit(process, profile);
    return process;
  }

  async #launch(profile: LaunchProfile, isSpare: boolean): Promise<GuestProcess> {
    const { clock, launch, entry, killMs = usualKillMs } = this.#options;
    const refusals = new RefusalLog();
    const { startCpuPercent: cpuPercent = 0 } = this.#options;
    const limits = this.#startsFaster(profile) ? { ...profile.limits, cpuPercent } : profile.limits;
    const how = confinementOf({ ...profile, limits }, await entry(), isSpare);
    const confined = await launch({ ...how, onRefused: (refusal) => refusals.note(refusal) });
    return new GuestProcess({
      confined,
      refusals,
      clock,
      killMs,
      census: this.#census,
      watch: this.#watch,
      onGone: (process) => this.#forget(process),
    });
  }

  #startsFaster({ limits: { cpuPercent = Infinity } }: LaunchProfile): boolean {
    const { startCpuPercent = 0 } = this.#options;
    return startCpuPercent > cpuPercent;
  }

  /** While it starts it runs nothing but the guest's entry; no plugin is let in before it is held to that one's limit. */
  async #holdToLimit(process: GuestProcess, profile: LaunchProfile): Promise<void> {
    const { cpuPercent } = profile.limits;
    if (cpuPercent === undefined || !this.#startsFaster(profile)) return;
    const { promise: timeIsUp, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(readyMs, resolve);
    await Promise.race([process.whenReady, timeIsUp]);
    cancel();
    try {
      if (!process.isUsable) throw new Error('it ended, or did not begin, before it could take a plugin');
      await process.limit({ cpuPercent });
    } catch (error) {
      // Without a group there was no limit that could have been the larger one.
      if (process.isUsable && Reflect.get(Object(error), 'code') === 'SANDBOX_LIMIT_FIXED') return;
      await process.end();
      throw fail('PROCESS_START_FAILED', { reason: messageOf(error) }, { cause: error });
    }
  }

  #planRefill(): void {
    this.#cancelRefill?.();
    if (this.#isClosed || this.#options.spares <= this.#spares.length) return;
    this.#cancelRefill = this.#options.clock.after(quietMs, () => {
      this.#refilling ??= this.#refill().finally(() => (this.#refilling = undefined));
    });
  }

  /** One at a time: the cores belong to those who answer. */
  async #refill(): Promise<void> {
    const { log, limits, spares } = this.#options;
    if (this.#isClosed || spares <= this.#spares.length) return;
    try {
      const profile = profileOf(undefined, limits);
      const spare = await this.#launch(profile, true);
      spare.confined.unref();
      await this.#holdToLimit(spare, profile);
      this.#spares.push(spare);
      void spare.whenReady.then(() => this.#planRefill());
    } catch (error) {
      // None is made in its place until the next is asked for: it would fail again.
      log.error({ error: messageOf(error) }, 'a spare process could not be started');
    }
  }

  #forget(process: GuestProcess): void {
    this.#taken.delete(process);
    const index = this.#spares.indexOf(process);
    if (index < 0) return;
    this.#spares.splice(index, 1);
    if (!this.#isClosed) this.#options.log.error({ pid: process.id }, 'a spare process ended before it was used');
  }
}
