import type { Duplex, Readable } from 'node:stream';
import type { LayerState } from './layers.ts';
import type { ResourceUsage } from './resource-usage.ts';

/** What a confined process and all that it starts may use together. */
export interface ConfinementLimits {
  /** Resident memory, in megabytes; default 256. */
  readonly memoryMB?: number;
  /** Of one core; default 100. */
  readonly cpuPercent?: number;
  /** Processes and threads; default 64. */
  readonly processes?: number;
  /** For each process; default 256. */
  readonly openFiles?: number;
  /** Open at one time through its way out; default 64. */
  readonly connections?: number;
  /** Size of the temp folder, in megabytes; default 64. */
  readonly diskMB?: number;
  /** Seconds on a core until it is killed, for each process and, to the second, for all of them; default: no limit. */
  readonly cpuSeconds?: number;
}

/** How a confined process ended. */
export interface ConfinedExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** `limit`: it ran over one; `killed`: by `kill()`. */
  readonly cause: 'exit' | 'signal' | 'memory' | 'limit' | 'killed';
  /** A sentence for operators. */
  readonly detail: string;
}

/** A process, and all that it starts, behind the layers of this host. */
export interface ConfinedProcess {
  /** Of the outermost process on this host. */
  readonly pid: number;
  readonly layers: readonly LayerState[];
  /** Descriptor 3 on the other side. */
  readonly channel: Duplex;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Never rejects. Resolves when every process in it is gone and what was made for it is removed. */
  readonly exited: Promise<ConfinedExit>;
  /**
   * Changes limits while it runs: memory, processor and processes; those left out stay. The others are set before a
   * process begins, and may only be named here as they are.
   * @throws SANDBOX_LIMIT_FIXED, SANDBOX_LIMIT_REFUSED
   */
  limit(limits: ConfinementLimits): Promise<void>;
  /** Names what it may reach from now on; only for one that was launched with `egress`. */
  allowNetwork(entries: readonly string[]): void;
  usage(): Promise<ResourceUsage>;
  /** Sends a signal to the confined program itself. */
  signal(signal: NodeJS.Signals): void;
  /** Kills everything in it. Resolves as `exited` does. */
  kill(): Promise<ConfinedExit>;
  /** Whether it keeps the event loop of its host alive; it does at first. */
  ref(): void;
  unref(): void;
}
