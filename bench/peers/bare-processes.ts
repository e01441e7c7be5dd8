// Processes that do nothing but send back what they get: a child, one behind bare bubblewrap, one in a bare container.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { Duplex } from 'node:stream';

export interface BareProcess {
  readonly pid: number;
  /** Sends a text, and waits for so many bytes to come back. */
  call(text: string): Promise<void>;
  end(): Promise<void>;
}

const echo =
  "const socket = new (require('node:net').Socket)({ fd: 3 }); socket.on('data', (data) => socket.write(data));";

export function bareChild(): BareProcess {
  return started([process.execPath, '-e', echo]);
}

/** Namespaces and a read-only view of Node and its libraries, and nothing else. */
export function bareBubblewrap(): BareProcess {
  const flags = ['--unshare-all', '--die-with-parent', '--new-session', '--clearenv', '--cap-drop', 'ALL'];
  const tree = ['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'];
  const mounts = libraries().flatMap((path) => ['--ro-bind', path, path]);
  return started(['bwrap', ...flags, ...tree, ...mounts, '--', process.execPath, '-e', echo]);
}

/** @param engine the words before the verb; the image has `node` */
export function bareContainer(engine: readonly string[], image: string): BareProcess {
  // Without limits of its own the engine asks for more than an ordinary host may give.
  const limits = ['--ulimit=nofile=256:256', '--ulimit=nproc=256:256'];
  const flags = ['--rm', '--network=none', '--pull=never', '--preserve-fds=1', ...limits, '--entrypoint=node'];
  return started([...engine, 'run', ...flags, image, '-e', echo]);
}

let found: readonly string[] | undefined;

function libraries(): readonly string[] {
  const listed = (): readonly string[] => {
    const lines = execFileSync('ldd', [process.execPath], { encoding: 'utf8' });
    const paths = [...lines.matchAll(/(?:^|\s)(\/\S+)(?= \(0x)/gm)].map(([, path = '']) => path);
    return [...new Set([process.execPath, ...paths])].toSorted(
      (one, other) => dirname(one).length - dirname(other).length,
    );
  };
  return (found ??= listed());
}

function started([file = '', ...args]: readonly string[]): BareProcess {
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
  const channel = child.stdio[3];
  if (!(channel instanceof Duplex)) throw new Error(`${file} was given no channel`);
  // How it ended says more than a broken channel does.
  channel.on('error', () => {});
  const exited = once(child, 'exit');
  const ended = exited.then(([code]) => Promise.reject(new Error(`${file} ended with code ${code}`)));
  ended.catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    call: (text) => Promise.race([answered(channel, text), ended]),
    end: () => stopped(child, exited),
  };
}

function answered(channel: Duplex, text: string): Promise<void> {
  return new Promise((resolve) => {
    let missing = text.length;
    const take = (data: Buffer): void => {
      missing -= data.length;
      if (missing > 0) return;
      channel.off('data', take);
      resolve();
    };
    channel.on('data', take);
    channel.write(text);
  });
}

/** A container ends when its channel is closed: killing the engine's command would leave it alone. */
async function stopped(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  const channel = child.stdio[3];
  if (channel instanceof Duplex) channel.destroy();
  await exited;
}
