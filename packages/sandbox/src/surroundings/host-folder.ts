import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOf } from '../run/process-table.ts';

const prefix = 'hotswap-sandbox-';

/** Where this process keeps what its sandboxes need outside, and what earlier ones left. */
export class HostFolder {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Names it after this process for ever; removes the folders of hosts that are gone. Makes nothing yet. */
  static async open(): Promise<HostFolder> {
    await removeLeftovers();
    return new HostFolder(join(tmpdir(), `${prefix}${process.pid}-${String(await startOf(process.pid))}`));
  }

  /** A fresh folder that its maker alone can enter. Whoever makes it removes it. */
  async makeFolder(): Promise<string> {
    // Sandboxes pass through to folders of their own, and see nothing of the others.
    await mkdir(this.#path, { recursive: true, mode: 0o711 });
    return await mkdtemp(join(this.#path, 's-'));
  }

  /** Removes one folder, and the last one's parent too. */
  async removeFolder(path: string): Promise<void> {
    await rm(path, { recursive: true, force: true });
    const left = await readdir(this.#path).catch(() => []);
    if (left.length === 0) await rm(this.#path, { recursive: true, force: true });
  }
}

async function removeLeftovers(): Promise<void> {
  const names = await readdir(tmpdir());
  for (const name of names.filter((each) => each.startsWith(prefix))) {
    const [pid, start] = name.slice(prefix.length).split('-');
    if ((await startOf(Number(pid))) === start) continue;
    // Another user's: it is theirs to remove.
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {});
  }
}
