import { existsSync, mkdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import type { Hierarchy } from '../hierarchies.ts';
import { isWritable, readPseudo, writePseudo } from '../pseudo-files.ts';

/** Without each of these a limit would not hold. */
const needed = ['memory', 'cpu', 'pids'];
/** Tells what is read from and written to disks. */
const welcome = ['io'];

/** Where this process itself waits while its group has children under limits. */
const leaf = 'hotswap-host';

export interface V2Host {
  readonly isRoot: boolean;
  /** Whether systemd runs this machine: then it alone may write outside of what it has delegated. */
  readonly hasSystemd: boolean;
}

/**
 * The folder below which groups are made under version 2: this process's own group where it was delegated to this user
 * or is all that a container sees; for root without systemd, the top of the hierarchy.
 * @returns the folder, or why there is none
 */
export function findV2Place(v2: Hierarchy, host: V2Host): { folder: string } | { reason: string } {
  const own = basename(v2.own) === leaf ? dirname(v2.own) : v2.own;
  const top = host.isRoot && !host.hasSystemd ? v2.mount : undefined;
  const isOwn = own === v2.mount || (!host.isRoot && isWritable(own) && isWritable(join(own, 'cgroup.procs')));
  const folder = isOwn ? own : top;
  if (folder === undefined) return { reason: `${own} is not delegated to this user` };
  const offered = wordsOf(join(folder, 'cgroup.controllers'));
  const missing = needed.filter((controller) => !offered.includes(controller));
  return missing.length > 0 ? { reason: `${folder} has no controllers ${missing.join(', ')}` } : { folder };
}

/**
 * Lets the children of a folder have limits. A group that is not the top may then hold no process itself, so those that it
 * holds move into a child first.
 * @throws what the kernel answers
 */
export function openV2Place(folder: string): void {
  const control = join(folder, 'cgroup.subtree_control');
  const offered = wordsOf(join(folder, 'cgroup.controllers'));
  const wanted = [...needed, ...welcome.filter((one) => offered.includes(one))];
  const lacking = wanted.filter((controller) => !wordsOf(control).includes(controller));
  if (lacking.length === 0) return;
  // The top of all hierarchies is the one group without a type.
  if (existsSync(join(folder, 'cgroup.type'))) moveToLeaf(folder);
  writePseudo(control, lacking.map((controller) => `+${controller}`).join(' '));
}

function moveToLeaf(folder: string): void {
  const target = join(folder, leaf);
  mkdirSync(target, { recursive: true });
  for (const pid of (readPseudo(join(folder, 'cgroup.procs')) ?? '').split('\n').filter(Boolean)) {
    try {
      writePseudo(join(target, 'cgroup.procs'), pid);
    } catch (error) {
      // ESRCH: it has ended meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

function wordsOf(file: string): readonly string[] {
  return (readPseudo(file) ?? '').trim().split(/\s+/).filter(Boolean);
}
