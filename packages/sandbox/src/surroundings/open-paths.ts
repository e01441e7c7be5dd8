import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SandboxError } from '../errors.ts';

const othersMaySearch = 0o001;
const othersMayRead = 0o004;

/**
 * Sees to it that what a confined process is to read can be shown to it, while there is somebody to tell.
 * @param isOther Whether it runs as a user that owns nothing.
 * @throws SANDBOX_PATH_CLOSED
 */
export async function refuseClosed(paths: readonly string[], isOther: boolean): Promise<void> {
  for (const path of paths) {
    const reason = path.startsWith('/') ? await whyClosed(path, isOther) : 'it is not an absolute path';
    if (reason !== undefined) throw new SandboxError('SANDBOX_PATH_CLOSED', { path, reason });
  }
}

async function whyClosed(path: string, isOther: boolean): Promise<string | undefined> {
  try {
    const { mode } = await stat(path);
    if (!isOther) return undefined;
    if ((mode & othersMayRead) === 0) return 'it is not readable for other users';
    for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder)) {
      if (((await stat(folder)).mode & othersMaySearch) === 0) return `${folder} is closed to other users`;
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
