import type * as Children from 'node:child_process';
import type * as Files from 'node:fs';

/** What a process found out about itself; undefined: it could not even look. */
export interface InsideFacts {
  readonly environment: readonly string[];
  /** Bytes of the file system of the temp folder; undefined: nothing could be written there. */
  readonly tempBytes: number | undefined;
  /** `/proc/self/limits`, as it is. */
  readonly limits: string | undefined;
  /** The namespaces it is in: name to identity. */
  readonly namespaces: Readonly<Record<string, string>>;
  /** Whether its system calls are filtered, and the code of the error when it tried one that is not allowed. */
  readonly seccomp: string | undefined;
  readonly forbiddenCall: string | undefined;
  /** The codes of the errors when it read a file that was not granted, and asked for a part of Node that is closed. */
  readonly forbiddenRead: string | undefined;
  readonly closedPart: string | undefined;
}

/** Namespaces that a confined process has for itself. */
export const ownNamespaces = ['mnt', 'net', 'pid', 'ipc', 'uts', 'user'] as const;

/** The text of a script that prints its `InsideFacts` as JSON, then waits for the end of its channel. It only reads, and writes one empty file of its own. */
export const probeScript = `(${lookAround.toString()})(process, process.getBuiltinModule, ${JSON.stringify(ownNamespaces)});`;

/** Written out as text: it may use nothing but its arguments and globals. */
function lookAround(host: NodeJS.Process, builtin: (name: string) => unknown, names: readonly string[]): void {
  const fs = builtin('node:fs') as typeof Files;
  const children = builtin('node:child_process') as typeof Children;
  const attempt = <T>(look: () => T): T | undefined => {
    try {
      return look();
    } catch {
      return undefined;
    }
  };
  const codeOf = (look: () => unknown): string => {
    try {
      const found = look();
      return found instanceof Error && 'code' in found ? String(found.code) : 'none';
    } catch (error) {
      return error instanceof Error && 'code' in error ? String(error.code) : String(error);
    }
  };
  const temp = host.env['TMPDIR'] ?? '/tmp';
  const facts = {
    environment: Object.keys(host.env),
    tempBytes: attempt(() => {
      fs.writeFileSync(`${temp}/probe`, '');
      const { blocks, bsize } = fs.statfsSync(temp);
      return blocks * bsize;
    }),
    limits: attempt(() => fs.readFileSync('/proc/self/limits', 'utf8')),
    namespaces: Object.fromEntries(
      names.flatMap((name) => {
        const identity = attempt(() => fs.readlinkSync(`/proc/self/ns/${name}`));
        return identity === undefined ? [] : [[name, identity]];
      }),
    ),
    seccomp: attempt(() => /^Seccomp:\s*(\d)/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))?.[1]),
    // Nothing is started: the file is not there.
    forbiddenCall: codeOf(() => children.spawnSync('/nowhere/at-all').error),
    forbiddenRead: codeOf(() => fs.closeSync(fs.openSync(host.execPath, 'r'))),
    closedPart: codeOf(() => builtin('node:inspector')),
  };
  fs.writeSync(1, `${JSON.stringify(facts)}\n`);
  // Until the host has looked at it from outside.
  attempt(() => fs.readSync(3, new Uint8Array(1)));
}
