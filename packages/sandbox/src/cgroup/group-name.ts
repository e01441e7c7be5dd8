import { randomBytes } from 'node:crypto';
import { readlinkSync } from 'node:fs';

import { readPseudo } from './pseudo-files.ts';

/** One process of this machine for ever: a pid is given again, but not with the same start. */
export interface HostIdentity {
  /** Of its process namespace, for pids of another one mean nothing here. */
  readonly namespace: string;
  readonly pid: number;
  /** In ticks since the start of the machine. */
  readonly start: string;
}

const prefix = 'hotswap';

/** @returns undefined where there is no /proc */
export function thisHost(): HostIdentity | undefined {
  const start = startOf(process.pid);
  const namespace = processNamespace();
  return start === undefined || namespace === undefined ? undefined : { namespace, pid: process.pid, start };
}

/** The name of a group says whose it is, so that what a killed host leaves behind is found. */
export function groupName({ namespace, pid, start }: HostIdentity, name: string): string {
  return `${prefix}-${namespace}-${pid}-${start}-${name}`;
}

/** The same for a group that is new, also where this process has another one of that name. */
export function newGroupName(host: HostIdentity, name: string): string {
  return groupName(host, `${name}-${randomBytes(4).toString('hex')}`);
}

/** Whose group this is; undefined for every other name. */
export function ownerOf(group: string): HostIdentity | undefined {
  const [, namespace, pid, start] = /^hotswap-(\d+)-(\d+)-(\d+)-/.exec(group) ?? [];
  return namespace === undefined || start === undefined ? undefined : { namespace, pid: Number(pid), start };
}

/** Whether the host that made it is gone; of hosts in other process namespaces nothing can be said, so they count as living. */
export function isLeftOver(group: string): boolean {
  const owner = ownerOf(group);
  return owner !== undefined && owner.namespace === processNamespace() && startOf(owner.pid) !== owner.start;
}

function startOf(pid: number): string | undefined {
  const stat = readPseudo(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function processNamespace(): string | undefined {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0];
  } catch {
    return undefined;
  }
}
