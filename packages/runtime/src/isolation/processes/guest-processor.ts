import { readFileSync } from 'node:fs';
import { processorTimeAt, type ReadProcessorTime } from '../threads/processor-time.ts';

/** Those that confine it stand between a process and its guest: so many, at most. */
const mostBetween = 8;

/**
 * Finds the guest's own process under the outermost one, once it is asked for the first time: the one that starts no other.
 * Only Linux tells; elsewhere, and where the outermost one is no ancestor of it, nothing is known.
 */
export function guestProcessorOf(outermost: number): ReadProcessorTime {
  return processorTimeAt(() => {
    const pid = innermost(outermost);
    return pid === undefined ? undefined : `/proc/${pid}/task/${pid}`;
  });
}

function innermost(outermost: number): number | undefined {
  let pid = outermost;
  for (let between = 0; between < mostBetween; between++) {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean);
    if (children.length === 0) return pid;
    if (children.length > 1) return undefined;
    pid = Number(children[0]);
  }
  return undefined;
}
