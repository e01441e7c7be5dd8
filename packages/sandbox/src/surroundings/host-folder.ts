import { lstatSync, mkdirSync, mkdtempSync, rmdirSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { groupName, isLeftOver, thisHost } from '../cgroup/group-name.ts';

/** Where this process keeps what its sandboxes need outside. */
export class HostFolder {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Names it after this process for ever; removes the folders of hosts that are gone. Makes nothing yet. */
  static async open(): Promise<HostFolder> {
    await removeLeftovers();
    const host = thisHost();
    // Where there is no /proc, nobody can tell later whether it is left over.
    const name = host === undefined ? `hotswap-files-${process.pid}` : groupName(host, 'files');
    return new HostFolder(join(tmpdir(), name));
  }

  /** A fresh folder that its maker alone can enter. Whoever makes it removes it. */
  async makeFolder(): Promise<string> {
    // In one turn, so that nobody removes the parent in between.
    this.#makeParent();
    return mkdtempSync(join(this.#path, 's-'));
  }

  /** Removes one folder, and the last one's parent too. */
  async removeFolder(path: string): Promise<void> {
    await rm(path, { recursive: true, force: true });
    try {
      rmdirSync(this.#path);
    } catch {
      // Another sandbox has a folder there.
    }
  }

  /** Sandboxes pass through it to folders of their own, and see nothing of the others. */
  #makeParent(): void {
    try {
      mkdirSync(this.#path, { mode: 0o711 });
    } catch (error) {
      const state = lstatSync(this.#path, { throwIfNoEntry: false });
      // The temp folder is open to every user: what is there under this name may be somebody's trap.
      if (state?.isDirectory() !== true || state.uid !== process.getuid?.()) throw error;
    }
  }
}

async function removeLeftovers(): Promise<void> {
  for (const name of (await readdir(tmpdir())).filter(isLeftOver)) {
    // Another user's: it is theirs to remove.
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {});
  }
}
