import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Attempt } from './attempt.ts';

const root = join(import.meta.dirname, '../..');
const longestMs = 90_000;

/**
 * Runs attacks against a launcher with every layer turned off, in a world that is thrown away with all that they did to
 * it: its own files (the host's are there to be read only), processes, network, names and users, and as much memory as
 * the attacks need. It shows that each attack can win, so that a test of the sandbox can fail.
 */
export async function attemptInThrowAwayWorld(attacks: readonly string[]): Promise<Attempt> {
  const world = [
    ...words('--unshare-all --unshare-user --uid 0 --gid 0 --die-with-parent --new-session'),
    ...words('--cap-add ALL --hostname throw-away --ro-bind / / --dev /dev'),
    ...(existsSync('/dev/fuse') ? words('--dev-bind /dev/fuse /dev/fuse') : []),
    ...words('--proc /proc --tmpfs /tmp --tmpfs /run --tmpfs /var/tmp --setenv TMPDIR /tmp'),
    // Where the checkout lies below one of these, it must be there all the same.
    '--ro-bind',
    root,
    root,
    '--chdir',
    root,
  ];
  const limits = ['--nproc=4000', '--core=0', `--cpu=${longestMs / 1_000}`];
  const inside = [process.execPath, '--conditions=@hotswap/source', join(import.meta.dirname, 'throw-away-main.ts')];
  const { stdout } = await promisify(execFile)(
    'bwrap',
    [...world, 'prlimit', ...limits, ...inside, JSON.stringify(attacks)],
    { timeout: longestMs, killSignal: 'SIGKILL', maxBuffer: 16_777_216 },
  );
  return JSON.parse(stdout.slice(stdout.indexOf('{"outcomes"'))) as Attempt;
}

function words(text: string): readonly string[] {
  return text.split(' ');
}
