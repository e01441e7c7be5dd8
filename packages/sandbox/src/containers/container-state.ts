import { type ConfinedExit } from '../confined-process.ts';
import { exitOf } from '../run/exit-cause.ts';
import type { AppliedLimits } from '../launch/applied-limits.ts';

/** What the engine knows of a container. */
export interface ContainerState {
  /** Of its first process, on the host; 0 when it does not run. */
  readonly pid: number;
  readonly exitCode: number;
  readonly wasOutOfMemory: boolean;
  readonly hasStarted: boolean;
  readonly error: string;
}

/** All that is known when a container has ended. */
export interface ContainerEnd {
  /** Undefined: the engine has no such container, or does not answer. */
  readonly state: ContainerState | undefined;
  /** The most that it used, where the engine does not tell whether that was too much. */
  readonly peakBytes: number | undefined;
  readonly wasKilled: boolean;
  readonly limits: AppliedLimits;
  /** The last of what it wrote to stderr, the engine's complaints among it. */
  readonly lastError: string;
}

/** The exit code of what SIGKILL ended. */
const killed = 137;

/** Reads what `inspect` says; undefined: it is no container. */
export function readState(inspected: string): ContainerState | undefined {
  const records: unknown = JSON.parse(inspected);
  const state = Array.isArray(records) ? at(records[0], 'State') : undefined;
  if (typeof state !== 'object' || state === null) return undefined;
  return {
    pid: Number(at(state, 'Pid') ?? 0),
    exitCode: Number(at(state, 'ExitCode') ?? 0),
    wasOutOfMemory: at(state, 'OOMKilled') === true,
    hasStarted: !String(at(state, 'StartedAt') ?? '0001').startsWith('0001'),
    error: String(at(state, 'Error') ?? ''),
  };
}

/** What a container came to. */
export function containerExit({ state, peakBytes = 0, wasKilled, limits, lastError }: ContainerEnd): ConfinedExit {
  if (!wasKilled && (state === undefined || !state.hasStarted)) {
    const complaint = [state?.error, lastError.trim().split('\n').at(-1)].find(Boolean) ?? 'it did not say why';
    return { code: null, signal: null, cause: 'exit', detail: `the engine did not start it: ${complaint}` };
  }
  const { memoryMB, cpuSeconds } = limits;
  const { exitCode = killed } = state ?? {};
  const isFull = exitCode === killed && peakBytes >= memoryMB * 1_048_576;
  const wasOutOfMemory = state?.wasOutOfMemory === true || isFull;
  return exitOf({ code: exitCode, signal: null, wasKilled, wasOutOfMemory, memoryMB, cpuSeconds, cpuMs: undefined });
}

function at(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
