import { constants } from 'node:os';
import type { ConfinedExit } from '../confined-process.ts';

/** What is known when a process has ended. */
export interface EndedProcess {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly wasKilled: boolean;
  readonly wasOutOfMemory: boolean;
  readonly memoryMB: number;
  readonly cpuSeconds: number | undefined;
  /** Undefined: it cannot be told here. */
  readonly cpuMs: number | undefined;
}

/** What bubblewrap and shells add to the number of a signal that ended their program. */
const signalBase = 128;
const msPerSecond = 1000;
// Of two names for one number the usual one comes first.
const fatal = new Map(
  Object.entries(constants.signals)
    .toReversed()
    .map(([name, number]) => [number, name as NodeJS.Signals]),
);

/** Says how a process ended, and why. An exit code above 128 counts as the signal it stands for. */
export function exitOf(ended: EndedProcess): ConfinedExit {
  const signal = ended.signal ?? (ended.code === null ? undefined : fatal.get(ended.code - signalBase)) ?? null;
  const code = signal === null ? ended.code : null;
  const how = signal === null ? `it exited with code ${String(code)}` : `it was ended by ${signal}`;
  if (ended.wasKilled) return { code, signal, cause: 'killed', detail: `it was killed by its host` };
  if (ended.wasOutOfMemory) {
    return { code, signal, cause: 'memory', detail: `${how}: it needed more than ${ended.memoryMB} MB of memory` };
  }
  if (signal !== null && isOverCpu(ended, signal)) {
    return {
      code,
      signal,
      cause: 'limit',
      detail: `${how}: it used more than ${ended.cpuSeconds} s of processor time`,
    };
  }
  if (signal === 'SIGXFSZ') {
    return { code, signal, cause: 'limit', detail: `${how}: it wrote a file larger than its disk limit` };
  }
  return { code, signal, cause: signal === null ? 'exit' : 'signal', detail: how };
}

function isOverCpu({ cpuSeconds, cpuMs }: EndedProcess, signal: NodeJS.Signals): boolean {
  if (cpuSeconds === undefined) return false;
  return signal === 'SIGXCPU' || (signal === 'SIGKILL' && cpuMs !== undefined && cpuMs >= cpuSeconds * msPerSecond);
}
