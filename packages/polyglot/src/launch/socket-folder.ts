import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The folder of one plugin's socket, which nobody reaches but its host and the plugin. */
export interface SocketFolder {
  readonly path: string;
  /** Once the plugin listens: from now on the way to it is closed to everybody else, by mode 0700. */
  close(): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Makes a folder for a plugin that runs as this user: mode 0700 from the start. For one that is confined as a user not known
 * before, it lies by a name that nobody can guess in a folder that nobody can list; that one is closed once it listens.
 */
export async function makeSocketFolder(isOtherUser: boolean): Promise<SocketFolder> {
  const outer = await realpath(await mkdtemp(join(tmpdir(), 'hotswap-')));
  const remove = (): Promise<void> => rm(outer, { recursive: true, force: true });
  if (!isOtherUser) return { path: outer, close: async () => {}, remove };
  const path = join(outer, randomBytes(16).toString('hex'));
  await mkdir(path);
  await chmod(path, 0o777);
  await chmod(outer, 0o711);
  return { path, close: () => chmod(outer, 0o700), remove };
}
