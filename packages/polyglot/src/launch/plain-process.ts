import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { PluginProcess, ProcessEnd, ProcessStart } from './plugin-process.ts';

/** Of util-linux: has the kernel kill a process when the one that started it is gone, however that ended. */
const setpriv = ['/usr/bin/setpriv', '/bin/setpriv'].find((file) => existsSync(file));

/**
 * Starts a process that nothing confines: it may do what its user may. It leads a group, which is killed as a whole.
 *
 * When this process dies it goes too: by the kernel where there is `setpriv`, else by the end of its standard input, which
 * it has to watch. What it started itself, and what leaves its group, only goes by its own doing.
 */
export async function startPlain(start: ProcessStart): Promise<PluginProcess> {
  const { file, args, root, environment } = start;
  const [program, given] =
    setpriv === undefined ? [file, args] : [setpriv, ['--pdeathsig', 'KILL', '--', file, ...args]];
  const child = spawn(program, given, {
    cwd: root,
    env: environment,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  // Rejects when there is no such program.
  await once(child, 'spawn');
  child.stdin.on('error', () => {});
  return watched(child, { stdout: child.stdout, stderr: child.stderr });
}

function watched(
  child: ChildProcess,
  streams: { readonly stdout: Readable; readonly stderr: Readable },
): PluginProcess {
  const { promise: exited, resolve } = Promise.withResolvers<ProcessEnd>();
  // `exit` and not `close`: a child of its own may hold its output open.
  child.once('exit', (code, signal) => {
    killGroup(child);
    resolve({ code, signal, cause: signal === null ? 'exit' : 'signal', detail: sentence(code, signal) });
  });
  return {
    ...streams,
    exited,
    kill: () => {
      killGroup(child);
      return exited;
    },
  };
}

/** What it started goes with it, as far as it stayed in its group. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left in it.
  }
}

function sentence(code: number | null, signal: string | null): string {
  return signal === null ? `it exited with code ${code}` : `it was ended by ${signal}`;
}
