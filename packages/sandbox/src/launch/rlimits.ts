import type { AppliedLimits } from './applied-limits.ts';

/** What Node maps before it runs a line; below that it does not start. */
const nodeDataMB = 1024;
/** The processes around the program that run as the same user: bubblewrap twice. */
const processesAround = 2;
const kilobytesPerMB = 1024;
/** The unit of a shell for the size of files and cores. */
const blocksPerMB = 2048;

/**
 * The lines of a POSIX shell that set the limits of the kernel, soft and hard; the first that fails ends the shell.
 * @param countsProcesses Whether the user is unique: the kernel counts processes for each user, and root's not at all.
 */
export function rlimitLines(limits: AppliedLimits, countsProcesses: boolean): readonly string[] {
  return [
    'ulimit -c 0',
    `ulimit -n ${limits.openFiles}`,
    `ulimit -f ${limits.diskMB * blocksPerMB}`,
    `ulimit -d ${(limits.memoryMB + nodeDataMB) * kilobytesPerMB}`,
    // The name of this limit is not in POSIX: -p in dash and busybox, -u in bash.
    ...(countsProcesses
      ? [
          `ulimit -p ${limits.processes + processesAround} 2>/dev/null || ulimit -u ${limits.processes + processesAround}`,
        ]
      : []),
    ...(limits.cpuSeconds === undefined
      ? []
      : // Soft first: a program that catches SIGXCPU is killed a second later.
        [`ulimit -S -t ${limits.cpuSeconds}`, `ulimit -H -t ${limits.cpuSeconds + 1}`]),
  ].map((line) => `{ ${line}; } || exit 71`);
}
