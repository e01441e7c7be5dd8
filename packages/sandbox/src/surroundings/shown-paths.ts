import { constants, type Stats } from 'node:fs';
import { mkdir, open, readlink, realpath, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SandboxError } from '../errors.ts';
import { copyTree } from './copy-tree.ts';

const othersMaySearch = 0o001;
const othersMayRead = 0o004;
/** `O_PATH`: names a file without opening it, which of a pipe would wait for its other end. Node has no name for it. */
const nameOnly = 0o10_000_000;

/** Something behind closed folders that is mounted where the confined user can reach it, for one launch alone. */
export interface PrivateMount {
  readonly path: string;
  readonly point: string;
  /** Device and number of what it must turn out to be: whoever owns a folder on the way could put a link there. */
  readonly identity: string;
}

/** From where each path is shown; those that are not in the map, from where they are. */
export interface ShownPaths {
  readonly sources: ReadonlyMap<string, string>;
  readonly privateMounts: readonly PrivateMount[];
}

/** What there is to show closed things with. */
export interface ShowingMeans {
  /** Where copies and points are made; asked for only when one is needed. */
  readonly folder: () => Promise<string>;
  /** Whether this process can make mounts that nobody else sees. */
  readonly canMount: () => Promise<boolean>;
}

interface AskedPaths {
  readonly read: readonly string[];
  readonly work: string | undefined;
}

/**
 * Finds a way to show each path to a user that owns nothing: as it is where every user may read it, by a mount where only
 * folders above it are closed, by a copy where it is closed itself. Nothing of this host is changed.
 * @param means Undefined: the process runs as this one, or sees this host's own file tree.
 * @throws SANDBOX_PATH_CLOSED
 */
export async function showPaths({ read, work }: AskedPaths, means: ShowingMeans | undefined): Promise<ShownPaths> {
  const sources = new Map<string, string>();
  const privateMounts: PrivateMount[] = [];
  for (const path of new Set([...read, ...(work === undefined ? [] : [work])])) {
    // A work folder becomes the user's own: its own mode does not matter, and a copy of it would help nobody.
    const isWork = path === work;
    const wall = await wallBefore(path);
    const isClosed = !isWork && wall.isUnreadable;
    if (means === undefined || (!isClosed && wall.closedFolder === undefined)) continue;
    const place = join(await means.folder(), `shown-${sources.size}`);
    sources.set(path, place);
    if (!isClosed && (await means.canMount())) privateMounts.push(await mountAt(path, place));
    else if (isWork) throw closed(path, `${String(wall.closedFolder)} is closed to other users`);
    else await copyClosed(path, place);
  }
  return { sources, privateMounts };
}

/** @throws SANDBOX_PATH_CLOSED */
export async function refuseAbsent(path: string): Promise<void> {
  await wallBefore(path);
}

/** @throws SANDBOX_PATH_CLOSED */
export async function refuseClosed(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const { isUnreadable, closedFolder } = await wallBefore(path);
    if (closedFolder !== undefined) throw closed(path, `${closedFolder} is closed to other users`);
    if (isUnreadable) throw closed(path, 'it is not readable for other users');
  }
}

/** What keeps other users from a path. @throws SANDBOX_PATH_CLOSED when it is not there */
async function wallBefore(path: string): Promise<{ isUnreadable: boolean; closedFolder: string | undefined }> {
  if (!path.startsWith('/')) throw closed(path, 'it is not an absolute path');
  try {
    const state = await stat(path);
    const needed = state.isDirectory() ? othersMayRead | othersMaySearch : othersMayRead;
    const isUnreadable = (state.mode & needed) !== needed;
    for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
      if (((await stat(folder)).mode & othersMaySearch) === 0) return { isUnreadable, closedFolder: folder };
    }
    return { isUnreadable, closedFolder: undefined };
  } catch (error) {
    throw closed(path, error instanceof Error ? error.message : String(error));
  }
}

async function mountAt(path: string, point: string): Promise<PrivateMount> {
  return await named(path, async (_, state) => {
    if (state.isDirectory()) await mkdir(point);
    else await writeFile(point, '');
    return { path, point, identity: `${state.dev}:${state.ino}` };
  });
}

async function copyClosed(path: string, place: string): Promise<void> {
  const reason = await named(path, async (fd) => await copyTree(`/proc/self/fd/${fd}`, place));
  if (reason !== undefined) throw closed(path, reason);
}

/** Holds what has this name now, and sees to it that no link led there: the rights used are those of this process. */
async function named<T>(path: string, use: (fd: number, state: Stats) => Promise<T>): Promise<T> {
  const handle = await open(path, nameOnly | constants.O_NOFOLLOW);
  try {
    const state = await handle.stat();
    const isDirect = !state.isSymbolicLink() && (await readlink(`/proc/self/fd/${handle.fd}`)) === resolve(path);
    if (isDirect) return await use(handle.fd, state);
    throw closed(path, `a link leads to it, and it is closed to other users: name it ${await realpath(path)}`);
  } finally {
    await handle.close();
  }
}

function closed(path: string, reason: string): SandboxError {
  return new SandboxError('SANDBOX_PATH_CLOSED', { path, reason });
}
