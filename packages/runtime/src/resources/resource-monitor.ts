import { messageOf } from '@hotswap/protocol';
import type { ResourceUsage } from '@hotswap/sandbox';
import type { Logger } from '@hotswap/sdk';
import {
  calm,
  followPressure,
  judgeUsage,
  type PressureMemory,
  type ResourcePressure,
  type Thresholds,
} from './judge-usage.ts';
import { unenforcedAt } from './resource-limits.ts';
import type { ResourceLimits, ResourceType, UsageReading, UsageStatus } from '../status.ts';
import type { HostClock } from '../host-services/system-clock.ts';
import type { Isolate } from '../isolation/isolate.ts';

/** One running copy of a plugin as the monitor sees it. */
export interface Watched {
  readonly plugin: string;
  readonly generation: number;
  readonly isolate: Pick<Isolate, 'level' | 'usage' | 'layers' | 'refusedConnections'>;
  readonly limits: ResourceLimits;
  /** Calls that were not answered in time, since it began, and that time in milliseconds. */
  readonly timeouts: number;
  readonly callTimeoutMs: number;
}

/** A plugin is over a limit. */
export interface Violation {
  readonly plugin: string;
  readonly generation: number;
  readonly resource: ResourceType;
  readonly used: number;
  readonly limit: number;
  readonly detail: string;
  /** Whether what found it has dealt with it: the kernel, which ended the plugin, or the limit of a call, which ended that. */
  readonly isHeld: boolean;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface ResourceMonitorParts {
  readonly clock: HostClock;
  readonly log: Logger;
  /** Everything that runs now. */
  readonly watched: () => readonly Watched[];
  readonly thresholds: Thresholds;
  /** Milliseconds between two looks. */
  readonly intervalMs: number;
  /** Told once for each time that a plugin goes over a limit. */
  readonly violated: (violation: Violation) => void;
}

/** What is known of one isolate. */
interface Sight {
  readonly generation: number;
  reading: UsageReading;
  usage: ResourceUsage;
  readonly pressures: Map<ResourceType, PressureMemory>;
}

/**
 * Looks at what plugins use, at an interval, and tells what is near a limit or over it. What the host's kernel holds a
 * plugin to is held without it.
 */
export class ResourceMonitor {
  readonly #parts: ResourceMonitorParts;
  readonly #records = new WeakMap<Watched['isolate'], Sight>();
  readonly #latest = new Map<string, Sight>();
  readonly #violations = new Map<string, Partial<Record<ResourceType, number>>>();
  readonly #tallies = new WeakMap<Watched['isolate'], { timeouts: number; refused: number }>();
  #cancel: (() => void) | undefined;
  #isLooking = false;

  constructor(parts: ResourceMonitorParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#cancel = this.#parts.clock.after(this.#parts.intervalMs, () => {
      void this.look();
      this.start();
    });
  }

  close(): void {
    this.#cancel?.();
  }

  /** Looks once at everything that runs. A look that is still under way is not begun again. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      await Promise.all(this.#parts.watched().map((watched) => this.#lookAt(watched)));
    } finally {
      this.#isLooking = false;
    }
  }

  /** Undefined: it was not looked at, or there is nothing to be seen. */
  statusOf({ plugin, isolate, limits }: Watched): UsageStatus | undefined {
    const reading = this.#latest.get(plugin)?.reading;
    if (reading === undefined) return undefined;
    const unenforced = unenforcedAt(isolate.level, isolate.layers?.() ?? []);
    return { ...reading, limits, unenforced, violations: this.violationsOf(plugin) };
  }

  /** How often a plugin has gone over each limit, since it was loaded. */
  violationsOf(plugin: string): Readonly<Partial<Record<ResourceType, number>>> {
    return this.#violations.get(plugin) ?? {};
  }

  /** One that was found elsewhere and is dealt with there, or `times` of them: told once. */
  found(violation: Omit<Violation, 'isHeld' | 'at'>, times = 1): void {
    this.#tell({ ...violation, isHeld: true, at: this.#parts.clock.now() }, 'plugin went over a limit', times);
  }

  /**
   * Tells what is only counted where it happens: once, however often it was since the last time. Done at each look, and to
   * be called when one ends between two of them.
   */
  tally({ plugin, generation, isolate, limits, timeouts, callTimeoutMs }: Watched): void {
    const before = this.#tallies.get(isolate) ?? { timeouts: 0, refused: 0 };
    const refused = isolate.refusedConnections?.() ?? 0;
    this.#tallies.set(isolate, { timeouts, refused });
    const late = timeouts - before.timeouts;
    const shut = refused - before.refused;
    if (late > 0) {
      const detail = `${late} calls took longer than the ${callTimeoutMs} ms that they may`;
      this.found({ plugin, generation, resource: 'time', used: callTimeoutMs, limit: callTimeoutMs, detail }, late);
    }
    if (shut > 0) {
      const { connections = 0 } = limits;
      const detail = `${shut} connections were refused beside those that it had open`;
      this.found({ plugin, generation, resource: 'connections', used: connections, limit: connections, detail }, shut);
    }
  }

  /** The plugin is gone. */
  forget(plugin: string): void {
    this.#latest.delete(plugin);
    this.#violations.delete(plugin);
  }

  async #lookAt(watched: Watched): Promise<void> {
    const { plugin, generation, isolate, limits } = watched;
    this.tally(watched);
    const usage = await isolate.usage?.().catch((error: unknown) => this.#unread(watched, error));
    if (usage === undefined) return;
    const before = this.#records.get(isolate);
    const reading = readingOf(usage, before, this.#parts.clock.now());
    const record: Sight = { generation, reading, usage, pressures: before?.pressures ?? new Map() };
    this.#records.set(isolate, record);
    const latest = this.#latest.get(plugin);
    if (latest === undefined || latest.generation <= generation) this.#latest.set(plugin, record);
    for (const pressure of judgeUsage(reading, limits, this.#parts.thresholds)) this.#follow(watched, record, pressure);
  }

  #follow({ plugin, generation, isolate }: Watched, { pressures, reading }: Sight, pressure: ResourcePressure): void {
    const { resource, used, limit, detail } = pressure;
    const { memory, tell } = followPressure(pressures.get(resource) ?? calm, pressure);
    pressures.set(resource, memory);
    if (tell === undefined) return;
    const facts = { plugin_name: plugin, generation, resource_type: resource, used, limit };
    if (tell === 'relief') this.#parts.log.info(facts, `plugin is well within its limit again: ${detail}`);
    if (tell === 'warning') this.#parts.log.warn(facts, `plugin is near its limit: ${detail}`);
    if (tell !== 'violation') return;
    // Whom the kernel gives no more of the processor is slow, and that is all.
    const isHeld = resource === 'cpu' && !unenforcedAt(isolate.level, isolate.layers?.() ?? []).includes('cpu');
    const violation = { plugin, generation, resource, used, limit, detail, isHeld, at: reading.at };
    this.#tell(violation, 'plugin is over its limit', 1);
  }

  /** The one place where a violation is counted. */
  #tell(violation: Violation, sentence: string, times: number): void {
    const { plugin, generation, resource, used, limit, detail } = violation;
    const counts = this.#violations.get(plugin) ?? {};
    counts[resource] = (counts[resource] ?? 0) + times;
    this.#violations.set(plugin, counts);
    const facts = { plugin_name: plugin, generation, resource_type: resource, used, limit };
    this.#parts.log.error(facts, `${sentence}: ${detail}`);
    this.#parts.violated(violation);
  }

  /** It may have ended while it was looked at; then its end is told elsewhere. */
  #unread({ plugin, generation }: Watched, error: unknown): undefined {
    this.#parts.log.debug({ plugin_name: plugin, generation, error: messageOf(error) }, 'usage could not be read');
    return undefined;
  }
}

function readingOf(usage: ResourceUsage, before: Sight | undefined, at: number): UsageReading {
  const { processes: threads, cpuMs, ...measured } = usage;
  const passedMs = before === undefined ? 0 : at - before.reading.at;
  const workedMs = (cpuMs ?? NaN) - (before?.usage.cpuMs ?? NaN);
  const cpuPercent = passedMs > 0 && workedMs >= 0 ? (100 * workedMs) / passedMs : undefined;
  return { at, cpuPercent, threads, ...measured };
}
