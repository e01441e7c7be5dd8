import { constants, type Stats } from 'node:fs';
import { lchown, lstat, open, readdir } from 'node:fs/promises';

/** To whom files belong. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** To whom a folder belongs now. */
export async function ownerOf(folder: string): Promise<Owner> {
  const { uid, gid } = await lstat(folder);
  return { uid, gid };
}

/**
 * Gives a folder and all that is in it to a user.
 *
 * It goes down by descriptors and never by a path of several names: a process that lives in the folder meanwhile could
 * put a link in the place of a folder on the way, and have this process give it a file of the host.
 */
export async function ownTree(folder: string, owner: Owner): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const here = `/proc/self/fd/${handle.fd}`;
    for (const name of await readdir(here)) await ownEntry(`${here}/${name}`, owner);
    const state = await handle.stat();
    if (state.uid !== owner.uid) await handle.chown(owner.uid, owner.gid);
  } finally {
    await handle.close();
  }
}

async function ownEntry(path: string, owner: Owner): Promise<void> {
  const state: Stats | undefined = await lstat(path).catch(() => {
    // Gone meanwhile: another process lives in the folder.
    return undefined;
  });
  if (state === undefined) return;
  if (state.isDirectory()) return await ownTree(path, owner).catch(ignoreGone);
  // A file with a second name may have it outside this folder, where it is not for the confined process.
  if (state.uid === owner.uid || (state.isFile() && state.nlink > 1)) return;
  await lchown(path, owner.uid, owner.gid).catch(ignoreGone);
}

const gone = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

function ignoreGone(error: unknown): void {
  if (error instanceof Error && 'code' in error && gone.has(String(error.code))) return;
  throw error;
}
