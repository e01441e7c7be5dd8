import { randomInt } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { ownerOf, ownTree, type Owner } from './work-folder.ts';

/** Numbers that no distribution, container engine or service manager hands out. */
const firstUid = 0x7000_0000;
const lastUid = 0x7fff_fffd;

/** A user for one sandbox. */
export interface SandboxUser {
  readonly uid: number;
  /** Once, when nothing of the sandbox runs any more. */
  release(): Promise<void>;
}

/** A folder that sandboxes write, and the one user that they share for it. */
interface SharedFolder {
  readonly uid: number;
  /** Whose it was, and is again when nobody uses it. */
  readonly owner: Owner;
  users: number;
  /** Handing over and back, one after the other. */
  turn: Promise<void>;
}

/** Hands out a uid for each running sandbox, and the folders that go with it. One for a whole host process. */
export class SandboxUsers {
  readonly #taken = new Set<number>();
  readonly #folders = new Map<string, SharedFolder>();

  /**
   * Takes a uid that no other sandbox of this process has; drawn from so many that another host's is unlikely.
   * @param work Becomes that user's, with all that is in it, until it is released. Sandboxes that write the same folder at
   * the same time share a uid, for they share its files.
   */
  async take(work: string | undefined): Promise<SandboxUser> {
    if (work === undefined) {
      const uid = this.#draw();
      return { uid, release: async () => void this.#taken.delete(uid) };
    }
    const path = await realpath(work);
    const owner = await ownerOf(path);
    const folder = this.#folders.get(path) ?? { uid: this.#draw(), owner, users: 0, turn: Promise.resolve() };
    this.#folders.set(path, folder);
    const change = async (by: 1 | -1): Promise<void> => {
      folder.users += by;
      // What another one's turn failed of is not told here; it is tried again now.
      folder.turn = folder.turn.catch(() => {}).then(async () => await this.#settle(path, folder));
      await folder.turn;
    };
    await change(1);
    return { uid: folder.uid, release: async () => await change(-1) };
  }

  /** Makes the folder belong to whom it should, as many as use it now. */
  async #settle(path: string, folder: SharedFolder): Promise<void> {
    const { uid, owner, users } = folder;
    await ownTree(path, users > 0 ? { uid, gid: uid } : owner);
    if (folder.users > 0) return;
    this.#folders.delete(path);
    this.#taken.delete(uid);
  }

  #draw(): number {
    let uid = randomInt(firstUid, lastUid);
    while (this.#taken.has(uid)) uid = randomInt(firstUid, lastUid);
    this.#taken.add(uid);
    return uid;
  }
}
