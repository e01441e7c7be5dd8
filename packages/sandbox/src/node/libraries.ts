import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const findMs = 5_000;

/** The shared libraries and the loader that a program of this host needs; none for one that is linked statically. */
export async function findLibraries(program: string): Promise<readonly string[]> {
  try {
    const { stdout } = await run('ldd', [program], { env: { PATH: process.env['PATH'] }, timeout: findMs });
    return [...stdout.matchAll(/(?:^|\s)(\/\S+)(?= \(0x)/gm)].flatMap(([, path]) => (path === undefined ? [] : [path]));
  } catch {
    // A script, or linked statically: ldd says so with an exit code.
    return [];
  }
}
