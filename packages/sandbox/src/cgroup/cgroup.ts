import type { ConfinementLimits } from '../confined-process.ts';
import type { ResourceUsage } from '../resource-usage.ts';

/** The limits that count for all processes of a group together; what is left out is not limited. */
export type GroupLimits = Pick<ConfinementLimits, 'memoryMB' | 'cpuPercent' | 'processes'>;

/** What a group can tell of its processes; the others are read per process. */
export type GroupUsage = Partial<
  Pick<ResourceUsage, 'memoryBytes' | 'cpuMs' | 'processes' | 'diskReadBytes' | 'diskWrittenBytes'>
>;

/** One group of processes under common limits. Made before its first process, removed after its last. */
export interface Cgroup {
  /**
   * Goes before the command that is to run in the group: enters it, then becomes the command, with all descriptors and
   * the environment as they were. Must run as the user of this process. Empty where there is nothing to enter.
   */
  readonly enter: readonly string[];
  /** Lines of a shell that enters by itself, for whoever starts one anyway. Undefined: it takes `enter`. */
  readonly enterLines?: readonly string[];
  /** Tells the group its first process, whose descendants belong to it too. Call it once, as soon as the pid is known. */
  started(pid: number): void;
  /** Changes limits while it runs; those left out stay. @throws SANDBOX_LIMIT_REFUSED */
  limit(limits: GroupLimits): Promise<void>;
  /** Every process in it now. */
  processes(): Promise<readonly number[]>;
  usage(): Promise<GroupUsage>;
  /** Whether the kernel, or the polling, has killed a process of it for its memory. Ask before `remove`. */
  wasOutOfMemory(): Promise<boolean>;
  /** Kills all its processes, also those that start meanwhile. Resolves when none is left, after 5 s at most. */
  kill(): Promise<void>;
  /** Removes it, after `kill` or when it is empty. Called twice, it does nothing the second time. */
  remove(): Promise<void>;
}

/** A way of making groups. */
export interface CgroupDriver {
  readonly how: 'cgroup v2' | 'cgroup v1' | 'systemd scope' | 'polling';
  /**
   * Makes a group with these limits.
   * @param name Of letters, digits and dashes; for people, and need not be unique.
   * @throws SANDBOX_GROUP_FAILED, SANDBOX_LIMIT_REFUSED
   */
  create(name: string, limits: GroupLimits): Promise<Cgroup>;
  /** Removes groups, and ends their processes, that hosts which are gone have left here. Returns how many. */
  removeLeftovers(): Promise<number>;
}
