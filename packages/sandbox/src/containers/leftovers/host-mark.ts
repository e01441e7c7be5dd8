import { readFile, readlink } from 'node:fs/promises';
import { startOf } from '../../run/process-table.ts';

/** Which process of which machine made something, told so that a later process can find out whether it still lives. */
export interface HostMark {
  readonly pid: number;
  /** In ticks since the machine began. */
  readonly startTicks: string;
  /** Of this start of the machine. */
  readonly boot: string;
  /** Numbers of processes mean something only in here. */
  readonly pidSpace: string;
}

let own: Promise<HostMark> | undefined;

/** The mark of this process. */
export function ownMark(): Promise<HostMark> {
  own ??= readOwnMark();
  return own;
}

async function readOwnMark(): Promise<HostMark> {
  const [startTicks = '0', boot, space] = await Promise.all([
    startOf(process.pid),
    readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    readlink('/proc/self/ns/pid'),
  ]);
  return { pid: process.pid, startTicks, boot: boot.trim(), pidSpace: /\d+/.exec(space)?.[0] ?? '0' };
}

/** The mark in one word, and back. */
export function writeMark({ pid, startTicks, boot, pidSpace }: HostMark): string {
  return `${pid}_${startTicks}_${boot}_${pidSpace}`;
}

/** Undefined: it is no mark. */
export function readMark(text: string): HostMark | undefined {
  const [, pid, startTicks, boot, pidSpace] = /^(\d+)_(\d+)_([0-9a-f-]{36})_(\d+)$/.exec(text) ?? [];
  if (pid === undefined || startTicks === undefined || boot === undefined || pidSpace === undefined) return undefined;
  return { pid: Number(pid), startTicks, boot, pidSpace };
}

/**
 * Whether the process of a mark has ended, as far as the holder of `own` can see: of processes in another space it cannot
 * tell, and says no.
 *
 * @param startTicks of the process that has the number of the mark now; undefined: there is none
 */
export function hasEnded(mark: HostMark, own: HostMark, startTicks: string | undefined): boolean {
  if (mark.boot !== own.boot) return true;
  return mark.pidSpace === own.pidSpace && startTicks !== mark.startTicks;
}
