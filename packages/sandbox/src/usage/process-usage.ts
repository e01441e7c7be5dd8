import { readdirSync, readlinkSync, statfsSync, statSync } from 'node:fs';

import { numberIn, readPseudo } from '../cgroup/pseudo-files.ts';

/** What one process uses now, as far as this user may see it. */
export interface ProcessUsage {
  /** Without pages of files, which processes share and the kernel can drop; with what is swapped out. */
  readonly memoryBytes: number | undefined;
  /** With that of children that it has waited for. */
  readonly cpuMs: number | undefined;
  readonly openFiles: number | undefined;
  readonly diskReadBytes: number | undefined;
  readonly diskWrittenBytes: number | undefined;
}

/** `/proc` counts the processor in hundredths of a second, whatever the kernel does inside. */
const msPerTick = 10;
const tmpfsType = 0x01_02_19_94;

export function memoryOf(pid: number): number | undefined {
  return parseMemory(readPseudo(`/proc/${pid}/status`) ?? '');
}

/** @param status The text of `/proc/PID/status`. */
export function parseMemory(status: string): number | undefined {
  const kilobytes = ['RssAnon', 'RssShmem', 'VmSwap'].map((name) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN),
  );
  const [anonymous] = kilobytes;
  if (anonymous === undefined || Number.isNaN(anonymous)) return undefined;
  return kilobytes.filter((one) => !Number.isNaN(one)).reduce((sum, one) => sum + one, 0) * 1024;
}

export function cpuOf(pid: number): number | undefined {
  return parseCpu(readPseudo(`/proc/${pid}/stat`) ?? '');
}

/** @param stat The text of `/proc/PID/stat`. */
export function parseCpu(stat: string): number | undefined {
  const ticks = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map(Number);
  return ticks.length < 4 ? undefined : ticks.reduce((sum, one) => sum + one, 0) * msPerTick;
}

/** Newer kernels tell the number as the size of the folder; with others the entries are counted. */
export function openFilesOf(pid: number): number | undefined {
  const folder = `/proc/${pid}/fd`;
  try {
    const { size } = statSync(folder);
    return size > 0 ? size : readdirSync(folder).length;
  } catch {
    return undefined;
  }
}

export function diskTrafficOf(pid: number): Pick<ProcessUsage, 'diskReadBytes' | 'diskWrittenBytes'> {
  const text = readPseudo(`/proc/${pid}/io`);
  if (text === undefined) return { diskReadBytes: undefined, diskWrittenBytes: undefined };
  const plain = text.replaceAll(':', '');
  return { diskReadBytes: numberIn(plain, 'read_bytes'), diskWrittenBytes: numberIn(plain, 'write_bytes') };
}

/** Whether a process sees other mounts than this one; the outermost process of a sandbox does not. */
export function hasOwnFileTree(pid: number): boolean {
  const [its, ours] = [mountsOf(String(pid)), mountsOf('self')];
  return its !== undefined && its !== ours;
}

function mountsOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined;
  }
}

/**
 * Bytes in a folder of the process's own file tree. Only for a file system in memory, which belongs to it alone: of any
 * other the size would be that of the whole disk.
 */
export function folderBytesOf(pid: number, folder: string): number | undefined {
  try {
    const { type, bsize, blocks, bfree } = statfsSync(`/proc/${pid}/root${folder}`);
    return type === tmpfsType ? (blocks - bfree) * bsize : undefined;
  } catch {
    return undefined;
  }
}
