import type { Logger } from '@hotswap/sdk';
import type { Thresholds } from '../../resources/judge-usage.ts';
import { type OperatorLimits, resourceLimitsOf } from '../../resources/resource-limits.ts';
import { violationOfExit } from '../../resources/exit-violation.ts';
import { ResourceMonitor, type Violation, type Watched } from '../../resources/resource-monitor.ts';
import type { HostClock } from '../../host-services/system-clock.ts';
import type { Generation } from '../../plugin/generation.ts';
import type { PluginSlot } from '../../plugin/plugin-slot.ts';
import type { UsageStatus } from '../../status.ts';

export interface RuntimeResourcesParts {
  readonly clock: HostClock;
  readonly log: Logger;
  readonly slots: () => readonly PluginSlot[];
  readonly operator: OperatorLimits;
  readonly thresholds: Thresholds;
  readonly intervalMs: number;
  readonly violated: (violation: Violation) => void;
}

/** The monitor over everything that runs in one runtime. */
export class RuntimeResources {
  readonly monitor: ResourceMonitor;
  readonly #operator: OperatorLimits;

  constructor({ slots, operator, ...parts }: RuntimeResourcesParts) {
    this.#operator = operator;
    this.monitor = new ResourceMonitor({
      ...parts,
      watched: () =>
        slots().flatMap(({ generations }) => Array.from(generations.values(), (each) => this.#watchedOf(each))),
    });
  }

  /** What the generation that serves uses. */
  statusOf({ current }: PluginSlot): UsageStatus | undefined {
    return current && this.monitor.statusOf(this.#watchedOf(current));
  }

  /** The isolate of a generation ended without being asked to: for what it used, perhaps. */
  exited(generation: Generation, error: unknown): void {
    const watched = this.#watchedOf(generation);
    const violation = violationOfExit(error, watched.limits, watched.callTimeoutMs);
    if (violation === undefined) return;
    this.monitor.found({ plugin: watched.plugin, generation: watched.generation, ...violation });
  }

  /** Nothing of a generation is looked at any more. */
  ended(generation: Generation): void {
    this.monitor.tally(this.#watchedOf(generation));
  }

  #watchedOf({ plugin, number, isolate, artifact, timeouts, callTimeoutMs }: Generation): Watched {
    const limits = resourceLimitsOf(artifact.manifest, this.#operator);
    return { plugin, generation: number, isolate, limits, timeouts, callTimeoutMs };
  }
}
