import type { GroupLimits, GroupUsage } from '../cgroup.ts';

/** What to write where, in this order. */
export interface LimitWrite {
  readonly limit: keyof GroupLimits;
  readonly file: string;
  readonly value: string;
  /** Whether a kernel without this file is fine. */
  readonly optional?: boolean;
}

/** The files of one group, which differ between the two versions of control groups. */
export interface GroupFiles {
  /** All folders that make up the group; the first one is asked for its processes. */
  readonly folders: readonly string[];
  /** The file of each folder to which a process without threads writes `0` to be in the group. */
  readonly enterFile: string;
  /** A file that kills all in the group when `1` is written to it, where the kernel has one. */
  readonly killFile: string | undefined;
  /** No process can be started in the group after this. */
  readonly noMoreProcesses: LimitWrite;
  limitWrites(limits: GroupLimits): readonly LimitWrite[];
  usage(): GroupUsage;
  /** Processes that the kernel has killed for the group's memory. */
  outOfMemoryKills(): number;
}

export const bytesOf = (megabytes: number): number => Math.floor(megabytes * 1024 * 1024);

/**
 * How the kernel deals out the processor: so much of each period. Whoever has used it up stands still for the rest, so
 * periods are short; but the kernel takes no quota below 1 ms.
 */
export function cpuBandwidth(percent: number): { readonly quotaUs: number; readonly periodUs: number } {
  const periodUs = percent < 5 ? 100_000 : 20_000;
  return { periodUs, quotaUs: Math.max(1_000, Math.round((percent / 100) * periodUs)) };
}
