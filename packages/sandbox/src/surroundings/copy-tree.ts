import { constants, type Stats } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, open, readdir, readlink, symlink } from 'node:fs/promises';

/** More than this is not copied: it would cost every launch its time, and the host's disk. */
const mostBytes = 67_108_864;
const mostEntries = 10_000;
const folderMode = 0o755;
const fileMode = 0o444;
const programMode = 0o555;
const anyMayRun = 0o111;
const othersMayRead = 0o004;

/** What is left of the bounds, and who owns what is copied. */
interface Progress {
  bytes: number;
  entries: number;
  readonly owner: number;
}

/** Past one of the bounds. */
class TooMuch extends Error {}

/**
 * Copies a file or folder so that every user may read the copy. Links stay links: they lead to where they lead for
 * whoever looks, and nothing behind them is copied. Pipes, sockets and devices are left out, and so is what belongs to
 * somebody else who has closed it: a second name for a file of another's would make that public.
 * @param from Of one name, or a descriptor's: it goes down by descriptors, and follows no link.
 * @returns why it was not copied, where it is too much
 */
export async function copyTree(from: string, to: string): Promise<string | undefined> {
  const handle = await open(from, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const state = await handle.stat();
    await copyOpened({ fd: handle.fd, state }, to, { bytes: mostBytes, entries: mostEntries, owner: state.uid });
    return undefined;
  } catch (error) {
    if (!(error instanceof TooMuch)) throw error;
    return `it is closed to other users, and too much to show a copy of it (${mostBytes >> 20} MB, ${mostEntries} entries)`;
  } finally {
    await handle.close();
  }
}

async function copyEntry(path: string, to: string, progress: Progress): Promise<void> {
  const state = await lstat(path);
  if (state.isSymbolicLink()) {
    count(progress, 0);
    return await symlink(await readlink(path), to);
  }
  if (!state.isFile() && !state.isDirectory()) return;
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    await copyOpened({ fd: handle.fd, state: await handle.stat() }, to, progress);
  } finally {
    await handle.close();
  }
}

async function copyOpened(
  { fd, state }: { readonly fd: number; readonly state: Stats },
  to: string,
  progress: Progress,
): Promise<void> {
  const here = `/proc/self/fd/${fd}`;
  if (state.uid !== progress.owner && (state.mode & othersMayRead) === 0) return;
  if (state.isFile()) {
    count(progress, state.size);
    await copyFile(here, to, constants.COPYFILE_FICLONE);
    await chmod(to, (state.mode & anyMayRun) === 0 ? fileMode : programMode);
  } else if (state.isDirectory()) {
    count(progress, 0);
    await mkdir(to);
    for (const name of await readdir(here)) await copyEntry(`${here}/${name}`, `${to}/${name}`, progress);
    await chmod(to, folderMode);
  }
}

function count(progress: Progress, bytes: number): void {
  progress.bytes -= bytes;
  progress.entries -= 1;
  if (progress.bytes < 0 || progress.entries < 0) throw new TooMuch();
}
