import { spawn } from 'node:child_process';
import { once } from 'node:events';

import type { CgroupDriver } from './cgroup.ts';

/** The longest that a child of the probe may take; the processor is held back for it. */
const childMs = 10_000;

/** So little that a shell cannot start another process, and that Node cannot start. */
const shellAlone = 1;
const memoryMB = 16;
/** Node needs more of the processor to start than it gets here in one period of the kernel. */
const cpuPercent = 10;
const heldBack = 0.5;

/**
 * Whether the limits of a driver hold, found by running into them: a child that may not start another, and one that is
 * killed for its memory.
 * @returns undefined, or what did not hold
 */
export async function probeDriver(driver: CgroupDriver): Promise<string | undefined> {
  const group = await driver.create('probe', { memoryMB, cpuPercent, processes: shellAlone });
  try {
    const forked = await run(
      group.enter,
      ['/bin/sh', '-c', '/bin/sh -c "exit 0" 2>/dev/null && exit 7'],
      group.started,
    );
    if (forked.code === 7) return 'a limit on processes did not hold';
    if (forked.code === 125) return `a process could not enter a group: ${forked.stderr.trim()}`;
    await group.limit({ processes: 64 });
    const begin = performance.now();
    const filled = await run(group.enter, [process.execPath, '-e', 'Buffer.alloc(1e8, 1)'], group.started);
    if (filled.code === 0 || !(await group.wasOutOfMemory())) return 'a limit on memory did not hold';
    const { cpuMs = 0 } = await group.usage();
    if (cpuMs === 0) return 'the time on the processor is not counted';
    if (cpuMs > (performance.now() - begin) * heldBack) return 'a limit on the processor did not hold';
    return undefined;
  } finally {
    await group.kill();
    await group.remove();
  }
}

async function run(
  enter: readonly string[],
  command: readonly string[],
  started: (pid: number) => void,
): Promise<{ code: number | null; stderr: string }> {
  const [file = '', ...args] = [...enter, ...command];
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: childMs, killSignal: 'SIGKILL' });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  if (child.pid !== undefined) started(child.pid);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stderr };
}
