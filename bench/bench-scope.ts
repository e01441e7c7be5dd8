import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a run has begun outside this process: children by pid and folders. `close` ends all of it, at once. */
export class BenchScope {
  readonly #pids = new Set<number>();
  readonly #folders = new Set<string>();

  addChild(pid: number): void {
    this.#pids.add(pid);
  }

  /** The child has exited: its number may belong to another process by now. */
  forgetChild(pid: number): void {
    this.#pids.delete(pid);
  }

  makeFolder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'hotswap-bench-'));
    this.#folders.add(folder);
    return folder;
  }

  removeFolder(folder: string): void {
    rmSync(folder, { recursive: true, force: true });
    this.#folders.delete(folder);
  }

  /** Works within an exit listener: nothing in it waits. */
  close(): void {
    for (const pid of this.#pids) killIfThere(pid);
    this.#pids.clear();
    for (const folder of this.#folders) this.removeFolder(folder);
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
