import { readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import type { FoundEngine } from './engine/find-engine.ts';

const root = '/sys/fs/cgroup';
const lookMs = 20;
const looks = 25;

/**
 * Whether the engine does not tell that the kernel ended a container for its memory: podman learns of it in time with
 * cgroup v2 only.
 */
export function needsMemoryPeak({ kind, cgroupVersion, rootless, usesCgroupfs }: FoundEngine): boolean {
  return kind === 'podman' && cgroupVersion === 'v1' && !rootless && usesCgroupfs;
}

/** The most that a container, which was started in a group of that name, ever used; undefined: that is not known. */
export async function memoryPeak(group: string): Promise<number | undefined> {
  const text = await readFile(join(root, 'memory', group, 'memory.max_usage_in_bytes'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : Number(text);
}

/** Removes such a group of each controller, once what the engine had in it is gone; what is not, a later host removes. */
export async function removeGroup(group: string): Promise<void> {
  const controllers = await readdir(root).catch(() => []);
  await Promise.all(controllers.map((controller) => removeTree(join(root, controller, group))));
}

/** Names of groups in the memory controller. */
export async function groupNames(): Promise<readonly string[]> {
  return readdir(join(root, 'memory')).catch(() => []);
}

async function removeTree(path: string): Promise<void> {
  const inner = await readdir(path, { withFileTypes: true }).catch(() => undefined);
  if (inner === undefined) return;
  for (const entry of inner) if (entry.isDirectory()) await removeTree(join(path, entry.name));
  // The process of the engine that waits for the container ends a moment after it.
  for (let look = 0; look < looks; look += 1) {
    const failure = await rmdir(path).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error.code,
    );
    if (failure !== 'EBUSY') return;
    await after(lookMs);
  }
}
