import type { Cgroup } from '../cgroup/cgroup.ts';

const lookMs = 250;
const msPerSecond = 1000;
/** The kernel ends a single process at its limit, with a second's grace; all together get the same. */
const graceMs = 1_000;

/**
 * Looks at how long the processes of a group were on a core together: the kernel counts each alone, and a program that
 * starts others has as many times as much.
 * @returns what ends that
 */
export function watchProcessor(group: Cgroup, cpuSeconds: number, isOver: () => void): () => void {
  const timer = setInterval(() => void look(), lookMs).unref();
  const stop = (): void => clearInterval(timer);
  const look = async (): Promise<void> => {
    const { cpuMs = 0 } = await group.usage().catch(() => ({ cpuMs: 0 }));
    if (cpuMs < cpuSeconds * msPerSecond + graceMs) return;
    stop();
    isOver();
  };
  return stop;
}
