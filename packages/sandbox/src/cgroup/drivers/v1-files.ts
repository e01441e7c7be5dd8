import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { GroupLimits, GroupUsage } from '../cgroup.ts';
import { numberIn, readNumber, readPseudo } from '../pseudo-files.ts';
import { bytesOf, cpuBandwidth, type GroupFiles, type LimitWrite } from './group-files.ts';

/** Without each of these a limit would not hold or could not be told. */
export const v1Controllers = ['memory', 'cpu', 'cpuacct', 'pids'] as const;

/** With the one that tells what is read from and written to disks. */
export const v1InUse: readonly string[] = [...v1Controllers, 'blkio'];

/** The files of a group under version 1: one folder for each controller, of which some may be mounted together. */
export function v1Files(parents: ReadonlyMap<string, string>, name: string): GroupFiles {
  const file = (controller: string, rest: string): string => join(parents.get(controller) ?? '', name, rest);
  const folders = v1InUse.filter((controller) => parents.has(controller)).map((controller) => file(controller, ''));
  return {
    folders: [...new Set(folders)],
    // For one thread the kernel need not stop all others from starting processes, which takes 5 to 20 ms.
    enterFile: 'tasks',
    killFile: undefined,
    noMoreProcesses: { limit: 'processes', file: file('pids', 'pids.max'), value: '0' },
    limitWrites: (limits) => v1LimitWrites(limits, file),
    usage: () => v1Usage(file),
    outOfMemoryKills: () => readNumber(file('memory', 'memory.oom_control'), 'oom_kill') ?? 0,
  };
}

function v1LimitWrites(
  { memoryMB, cpuPercent, processes }: GroupLimits,
  file: (controller: string, rest: string) => string,
): LimitWrite[] {
  const writes: LimitWrite[] = [];
  if (memoryMB !== undefined) writes.push(...v1MemoryWrites(bytesOf(memoryMB), file));
  if (cpuPercent !== undefined) {
    const { periodUs, quotaUs } = cpuBandwidth(cpuPercent);
    writes.push(
      { limit: 'cpuPercent', file: file('cpu', 'cpu.cfs_period_us'), value: String(periodUs) },
      { limit: 'cpuPercent', file: file('cpu', 'cpu.cfs_quota_us'), value: String(quotaUs) },
    );
  }
  if (processes !== undefined) {
    writes.push({ limit: 'processes', file: file('pids', 'pids.max'), value: String(processes) });
  }
  return writes;
}

/** The limit of memory and swap together may never be below that of memory, so it goes first on the way up. */
function v1MemoryWrites(bytes: number, file: (controller: string, rest: string) => string): LimitWrite[] {
  const value = String(bytes);
  const memory: LimitWrite = { limit: 'memoryMB', file: file('memory', 'memory.limit_in_bytes'), value };
  const together = file('memory', 'memory.memsw.limit_in_bytes');
  // Without accounting of swap the group is at least kept from using it.
  const swap: LimitWrite = existsSync(together)
    ? { limit: 'memoryMB', file: together, value }
    : { limit: 'memoryMB', file: file('memory', 'memory.swappiness'), value: '0', optional: true };
  const current = readNumber(memory.file);
  return current !== undefined && bytes > current ? [swap, memory] : [memory, swap];
}

function v1Usage(file: (controller: string, rest: string) => string): GroupUsage {
  const nanoseconds = readNumber(file('cpuacct', 'cpuacct.usage'));
  const used = readNumber(file('memory', 'memory.usage_in_bytes'));
  const stat = readPseudo(file('memory', 'memory.stat')) ?? '';
  const disk = v1Disk(readPseudo(file('blkio', 'blkio.throttle.io_service_bytes_recursive')));
  return {
    // What the kernel drops first when memory is short does not count, as the tools of containers do it.
    memoryBytes: used === undefined ? undefined : Math.max(0, used - (numberIn(stat, 'total_inactive_file') ?? 0)),
    cpuMs: nanoseconds === undefined ? undefined : nanoseconds / 1e6,
    processes: readNumber(file('pids', 'pids.current')),
    ...disk,
  };
}

/** Lines such as `8:0 Read 4096`, for each disk, and a last one with the total. Empty until something was read. */
export function v1Disk(text: string | undefined): Pick<GroupUsage, 'diskReadBytes' | 'diskWrittenBytes'> {
  if (text === undefined) return {};
  const sum = (kind: string): number =>
    text
      .split('\n')
      .map((line) => line.split(' '))
      .filter(([disk, what]) => disk?.includes(':') === true && what === kind)
      .reduce((total, [, , bytes]) => total + Number(bytes), 0);
  return { diskReadBytes: sum('Read'), diskWrittenBytes: sum('Write') };
}
