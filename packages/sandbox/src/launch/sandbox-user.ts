import { randomInt } from 'node:crypto';

/** Numbers that no distribution, container engine or service manager hands out. */
const firstUid = 0x7000_0000;
const lastUid = 0x7fff_fffd;

/** Hands out a uid for each running sandbox. One for a whole host process. */
export class SandboxUsers {
  readonly #taken = new Map<number, { work: string | undefined; users: number }>();

  /**
   * Takes a uid that no other sandbox of this process has; drawn from so many that another host's is unlikely.
   * @param work Sandboxes that write the same folder at the same time share a uid, for they share those files.
   */
  take(work: string | undefined): number {
    for (const [uid, holder] of this.#taken) {
      if (work === undefined || holder.work !== work) continue;
      holder.users += 1;
      return uid;
    }
    let uid = randomInt(firstUid, lastUid);
    while (this.#taken.has(uid)) uid = randomInt(firstUid, lastUid);
    this.#taken.set(uid, { work, users: 1 });
    return uid;
  }

  /** @returns whether it was the last that had it */
  giveBack(uid: number): boolean {
    const holder = this.#taken.get(uid);
    if (holder === undefined) return true;
    holder.users -= 1;
    if (holder.users > 0) return false;
    this.#taken.delete(uid);
    return true;
  }
}
