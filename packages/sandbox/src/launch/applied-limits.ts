import type { ConfinementLimits } from '../confined-process.ts';

/** Every limit with its default. */
export interface AppliedLimits {
  readonly memoryMB: number;
  readonly cpuPercent: number;
  readonly processes: number;
  readonly openFiles: number;
  readonly connections: number;
  readonly diskMB: number;
  readonly cpuSeconds: number | undefined;
}

/** Defaults where nothing was asked for. */
export function appliedLimits(limits: ConfinementLimits = {}): AppliedLimits {
  return {
    memoryMB: limits.memoryMB ?? 256,
    cpuPercent: limits.cpuPercent ?? 100,
    processes: limits.processes ?? 64,
    openFiles: limits.openFiles ?? 256,
    connections: limits.connections ?? 64,
    diskMB: limits.diskMB ?? 64,
    cpuSeconds: limits.cpuSeconds,
  };
}
