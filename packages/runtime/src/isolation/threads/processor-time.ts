import { readdirSync, readFileSync } from 'node:fs';

/** What the operating system says of one thread. */
export interface ProcessorTime {
  /** Milliseconds for which it had a processor, since it began. */
  readonly usedMs: number;
  /** It has a processor, or waits for one; otherwise it waits for something else. */
  readonly isRunnable: boolean;
}

/** Asks the operating system about one thread; undefined where it does not say. */
export type ReadProcessorTime = () => ProcessorTime | undefined;

const tasks = '/proc/self/task';
/** The system keeps so much of a thread's name. */
const keptName = 15;

/**
 * Finds a thread of this process by its name, once it is asked for the first time. Only Linux tells; elsewhere, and where
 * two threads have that name, nothing is known.
 */
export function processorTimeOf(name: string): ReadProcessorTime {
  return processorTimeAt(() => findTask(name));
}

/** @param find the folder of a task under `/proc`, if there is one; asked again only where it threw */
export function processorTimeAt(find: () => string | undefined): ReadProcessorTime {
  let found: string | undefined;
  let isSought = false;
  return () => {
    try {
      if (!isSought) found = find();
      isSought = true;
      return found === undefined ? undefined : readProcessorTime(found);
    } catch {
      // It has ended, or this is no Linux.
      return undefined;
    }
  };
}

function findTask(name: string): string | undefined {
  const hasName = (task: string): boolean => readFileSync(`${tasks}/${task}/comm`, 'utf8').trimEnd() === shown;
  const shown = name.slice(0, keptName);
  const found = readdirSync(tasks).filter(hasName);
  return found.length === 1 ? `${tasks}/${found[0]}` : undefined;
}

/** @param task its folder under `/proc`. Throws when it has ended, or this is no Linux */
function readProcessorTime(task: string): ProcessorTime | undefined {
  const [used = ''] = readFileSync(`${task}/schedstat`, 'latin1').split(' ', 1);
  const stat = readFileSync(`${task}/stat`, 'latin1');
  // The name before the state may hold anything, brackets too.
  const state = stat[stat.lastIndexOf(')') + 2];
  const usedMs = Number(used) / 1e6;
  return Number.isFinite(usedMs) && used !== '' ? { usedMs, isRunnable: state === 'R' } : undefined;
}
