import { readdirSync } from 'node:fs';

import { readPseudo } from '../cgroup/pseudo-files.ts';

/** One line of the table of processes. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  /** In ticks since the start of the machine; with the pid, it names one process for ever. */
  readonly start: string;
  /** It has ended, and only waits to be asked how. */
  readonly ended: boolean;
}

/**
 * Every process that this one can see. Reads one file for each, about 10 us: call it once for many questions. Kernels
 * without `/proc/PID/task/TID/children` are common, so there is no shorter way.
 */
export function processTable(): ReadonlyMap<number, ProcessEntry> {
  const table = new Map<number, ProcessEntry>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const entry = parseStat(readPseudo(`/proc/${name}/stat`) ?? '');
    if (entry !== undefined) table.set(entry.pid, entry);
  }
  return table;
}

/** @param stat The text of `/proc/PID/stat`; the name in it may hold anything, also blanks and parentheses. */
export function parseStat(stat: string): ProcessEntry | undefined {
  const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const start = rest[17];
  if (state === undefined || start === undefined) return undefined;
  return { pid: Number.parseInt(stat, 10), parent: Number(parent), start, ended: state === 'Z' || state === 'X' };
}

/** Some processes and all that descend from them, in the order of the table. */
export function descendants(
  table: ReadonlyMap<number, ProcessEntry>,
  roots: Iterable<number>,
): readonly ProcessEntry[] {
  const children = Map.groupBy(table.values(), ({ parent }) => parent);
  const found = new Set<ProcessEntry>();
  const waiting = [...roots].flatMap((pid) => table.get(pid) ?? []);
  for (let entry = waiting.pop(); entry !== undefined; entry = waiting.pop()) {
    if (found.has(entry)) continue;
    found.add(entry);
    waiting.push(...(children.get(entry.pid) ?? []));
  }
  return [...found].filter(({ ended }) => !ended);
}
