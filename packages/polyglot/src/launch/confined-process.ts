import { existsSync } from 'node:fs';
import { glob, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import type { DialectRequest } from '@hotswap/runtime';
import type { ConfinementLimits, LayerState } from '@hotswap/sandbox';
import type { PluginProcess, ProcessEnd, ProcessStart } from './plugin-process.ts';

/** What a confined program may have beside its own folder. */
export interface Confinement {
  readonly confine: DialectRequest['confine'];
  readonly limits: ConfinementLimits;
  /** `host:port` entries; undefined: no network at all. */
  readonly network: readonly string[] | undefined;
  /** Absolute. */
  readonly files: readonly string[];
  /** Told once the layers stand. */
  readonly standing: (layers: readonly LayerState[]) => void;
}

/** Where interpreters keep what they run, by the name of their program. */
const interpreterFolders: Readonly<Record<string, readonly string[]>> = {
  python: ['/usr/lib/python3', '/usr/lib/python3.*', '/usr/local/lib/python3.*', '/usr/lib/*-linux-gnu'],
};

/**
 * Starts a program behind the layers of this host. It sees its own folder, to read, and writes only where its socket is.
 *
 * @throws what `confine` refuses
 */
export async function startConfined(start: ProcessStart, confinement: Confinement): Promise<PluginProcess> {
  const { file, args, root, folder, environment } = start;
  const program = await realpath(file);
  const read = [root, ...confinement.files, ...(await interpreterPaths(program))].filter((path) => existsSync(path));
  const confined = await confinement.confine({
    program: { type: 'executable', file: program, args: args.map((argument) => inRoot(root, argument)) },
    read,
    work: folder,
    environment,
    limits: confinement.limits,
    ...(confinement.network !== undefined && { egress: confinement.network }),
  });
  confinement.standing(confined.layers);
  // Nobody speaks there: the plugin's channel is its socket.
  confined.channel.on('error', () => {});
  confined.channel.resume();
  const { stdout, stderr, exited } = confined;
  return {
    stdout,
    stderr,
    confinement: confined,
    exited: exited.then(endOf),
    kill: async () => endOf(await confined.kill()),
  };
}

/** A confined program begins in another folder: a file of the plugin is named as a whole. */
function inRoot(root: string, argument: string): string {
  const path = join(root, argument);
  return !isAbsolute(argument) && !argument.startsWith('-') && existsSync(path) ? path : argument;
}

async function interpreterPaths(program: string): Promise<readonly string[]> {
  const name = Object.keys(interpreterFolders).find((each) => program.startsWith(each, program.lastIndexOf('/') + 1));
  if (name === undefined) return [dirname(program)];
  const found: string[] = [];
  for (const pattern of interpreterFolders[name] ?? []) for await (const path of glob(pattern)) found.push(path);
  return found;
}

function endOf({
  code,
  signal,
  cause,
  detail,
}: {
  readonly code: number | null;
  readonly signal: string | null;
  readonly cause: ProcessEnd['cause'] | 'killed';
  readonly detail: string;
}): ProcessEnd {
  return { code, signal, cause: cause === 'killed' ? 'signal' : cause, detail };
}
