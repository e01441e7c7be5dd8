import { mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { writeHeapSnapshot } from 'node:v8';

/** A heap snapshot on disk, gone when it is disposed of. */
export interface HeapSnapshotFile extends AsyncDisposable {
  readonly path: string;
  readonly bytes: number;
  /** How long the process stood still for it. */
  readonly blockedMs: number;
}

/**
 * Writes the heap of this process to a file that only its user can read. The event loop stands still meanwhile, about
 * a second for each 100 MB, and the memory of the process grows by some tens of percent for that time.
 */
export async function takeHeapSnapshot(folder: string): Promise<HeapSnapshotFile> {
  const own = await mkdtemp(join(folder, `hotswap-heap-${process.pid}-`));
  const remove = (): Promise<void> => rm(own, { recursive: true, force: true });
  try {
    const path = join(own, 'server.heapsnapshot');
    // A weak reference that was looked at keeps its object until the turn is over.
    await nextTurn();
    const startedAt = performance.now();
    writeHeapSnapshot(path);
    const blockedMs = performance.now() - startedAt;
    return { path, bytes: (await stat(path)).size, blockedMs, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
