import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { GroupLimits, GroupUsage } from '../cgroup.ts';
import { numberIn, readNumber, readPseudo } from '../pseudo-files.ts';
import { bytesOf, cpuBandwidth, type GroupFiles, type LimitWrite } from './group-files.ts';

/** The files of a group under version 2, all in one folder. */
export function v2Files(folder: string): GroupFiles {
  const file = (name: string): string => join(folder, name);
  return {
    folders: [folder],
    enterFile: 'cgroup.procs',
    // Since Linux 5.14.
    killFile: file('cgroup.kill'),
    noMoreProcesses: { limit: 'processes', file: file('pids.max'), value: '0' },
    limitWrites: (limits) => v2LimitWrites(limits, file),
    usage: () => v2Usage(file),
    outOfMemoryKills: () => readNumber(file('memory.events'), 'oom_kill') ?? 0,
  };
}

function v2LimitWrites({ memoryMB, cpuPercent, processes }: GroupLimits, file: (name: string) => string): LimitWrite[] {
  const writes: LimitWrite[] = [];
  if (memoryMB !== undefined) {
    writes.push(
      { limit: 'memoryMB', file: file('memory.max'), value: String(bytesOf(memoryMB)) },
      // Swap would be a way out. A kernel without swap has no such file.
      { limit: 'memoryMB', file: file('memory.swap.max'), value: '0', optional: true },
      // One process killed for its memory takes the others along: half a sandbox is of no use.
      { limit: 'memoryMB', file: file('memory.oom.group'), value: '1', optional: true },
    );
  }
  if (cpuPercent !== undefined) {
    const { periodUs, quotaUs } = cpuBandwidth(cpuPercent);
    const value = `${quotaUs} ${periodUs}`;
    writes.push({ limit: 'cpuPercent', file: file('cpu.max'), value });
  }
  if (processes !== undefined) writes.push({ limit: 'processes', file: file('pids.max'), value: String(processes) });
  return writes;
}

function v2Usage(file: (name: string) => string): GroupUsage {
  const used = readNumber(file('memory.current'));
  const stat = readPseudo(file('memory.stat')) ?? '';
  const microseconds = readNumber(file('cpu.stat'), 'usage_usec');
  return {
    memoryBytes: used === undefined ? undefined : Math.max(0, used - (numberIn(stat, 'inactive_file') ?? 0)),
    cpuMs: microseconds === undefined ? undefined : microseconds / 1e3,
    processes: readNumber(file('pids.current')),
    ...(existsSync(file('io.stat')) ? v2Disk(readPseudo(file('io.stat')) ?? '') : {}),
  };
}

/** Lines such as `8:0 rbytes=4096 wbytes=0 rios=1 ...`, one for each disk. */
export function v2Disk(text: string): Pick<GroupUsage, 'diskReadBytes' | 'diskWrittenBytes'> {
  const sum = (key: string): number =>
    [...text.matchAll(new RegExp(`\\b${key}=(\\d+)`, 'g'))].reduce((total, [, bytes]) => total + Number(bytes), 0);
  return { diskReadBytes: sum('rbytes'), diskWrittenBytes: sum('wbytes') };
}
