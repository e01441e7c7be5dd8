import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SandboxError } from '../errors.ts';
import type { LayerName } from '../layers.ts';
import { tunnelText } from '../egress/guest/tunnel-connections.ts';
import { guardPath, guardText } from '../node/guard.ts';
import { nodeFlags } from '../node/node-flags.ts';
import { bubblewrapArguments, type Mount } from './bubblewrap-arguments.ts';
import { commandLine } from './command-line.ts';
import type { Descriptors } from './descriptors.ts';
import type { LaunchGround } from './launch-ground.ts';
import type { LaunchOrder } from './launch-order.ts';
import type { Surroundings } from '../surroundings/surroundings.ts';

/** Where the way out of a sandbox is, inside. */
const proxyInside = '/run/hotswap/egress.sock';
const bytesPerMB = 1_048_576;

/** Turned off together, they leave nothing for bubblewrap to do. */
const ofBubblewrap: readonly LayerName[] = ['namespaces', 'seccomp', 'temp-folder'];

interface Parts {
  readonly around: Surroundings;
  readonly descriptors: Descriptors;
}

/** What to spawn. */
interface ComposedCommand {
  readonly command: readonly string[];
  /** The descriptor on which bubblewrap tells of itself; undefined: it is not there. */
  readonly status: number | undefined;
}

/** The command that becomes the confined program, and the descriptors it reads its orders from. */
export async function composeCommand(ground: LaunchGround, order: LaunchOrder, parts: Parts): Promise<ComposedCommand> {
  const { options, layers } = order;
  const { around, descriptors } = parts;
  const isolates = layers.has('namespaces');
  const temp = isolates ? '/tmp' : join(around.folder ?? '', 'tmp');
  const preload = await placePreload(order, parts);
  const program = programCommand(ground, order, { temp, preload: preload?.path, memoryMB: around.limits.memoryMB });
  const environment = options.environment ?? { PATH: '/usr/bin:/bin', HOME: temp, TMPDIR: temp, LANG: 'C.UTF-8' };
  const chain = {
    group: around.group,
    uid: around.uid,
    setpriv: ground.setpriv,
    mounts: around.shown.privateMounts,
    rlimits: layers.has('rlimits') ? around.limits : undefined,
    environment: layers.has('environment') ? environment : undefined,
    program,
  };
  const isUnwanted = ofBubblewrap.every((layer) => options.without?.includes(layer) === true);
  if (ground.bubblewrap === undefined || isUnwanted) {
    return { command: commandLine({ ...chain, bubblewrap: undefined }), status: undefined };
  }

  const filter = layers.has('seccomp') ? ground.filter(options.program.type) : undefined;
  const status = descriptors.pipe();
  const bubblewrap = bubblewrapArguments({
    isolates,
    tempBytes: layers.has('temp-folder') ? around.limits.diskMB * bytesPerMB : undefined,
    mounts: [...(await mountsOf(ground, order, parts)), ...(preload?.mounts ?? [])],
    environment,
    clearEnvironment: layers.has('environment'),
    folder: options.work ?? temp,
    statusDescriptor: status,
    seccompDescriptor: filter === undefined ? undefined : descriptors.text(filter),
  });
  // They are told apart by this character: in a variable or a path it would begin an argument of the caller's making.
  if (bubblewrap.some((argument) => argument.includes('\0'))) {
    throw new SandboxError('SANDBOX_LAUNCH_FAILED', { reason: 'a path or a variable contains a null character' });
  }
  const argumentsDescriptor = descriptors.text(bubblewrap.map((argument) => `${argument}\0`).join(''));
  const command = commandLine({ ...chain, bubblewrap: { path: ground.bubblewrap, argumentsDescriptor } });
  return { command, status };
}

/** What Node loads before the program. Inside it is made from a pipe; where nothing is inside, it lies in the folder of the launch. */
async function placePreload(
  { options, layers }: LaunchOrder,
  { around, descriptors }: Parts,
): Promise<{ readonly path: string; readonly mounts: readonly Mount[] } | undefined> {
  if (options.program.type !== 'node') return undefined;
  const isolates = layers.has('namespaces');
  const { egress, folder = '' } = around;
  const text = [
    ...(egress === undefined ? [] : [tunnelText(isolates ? proxyInside : egress.socketPath)]),
    ...(layers.has('guard') ? [guardText({ native: options.native === true })] : []),
  ].join('');
  if (text === '') return undefined;
  if (isolates) {
    return { path: guardPath, mounts: [{ type: 'data', path: guardPath, descriptor: descriptors.text(text) }] };
  }
  const path = join(folder, 'preload.cjs');
  await writeFile(path, text, { mode: 0o444 });
  return { path, mounts: [] };
}

function programCommand(
  ground: LaunchGround,
  { options, layers, script }: LaunchOrder,
  inside: { readonly temp: string; readonly preload: string | undefined; readonly memoryMB: number },
): readonly string[] {
  const { program } = options;
  const args = program.args ?? [];
  if (program.type === 'executable') return [program.file, ...args];
  const flags = nodeFlags({
    usesPermissions: layers.has('permission-model'),
    preload: inside.preload,
    read: [...(script === undefined ? [program.file] : []), ...(options.read ?? [])],
    write: [inside.temp, ...(options.work === undefined ? [] : [options.work])],
    native: options.native === true,
    network: options.egress !== undefined,
    memoryMB: inside.memoryMB,
    flags: options.nodeFlags ?? [],
  });
  return [ground.node, ...flags, ...(script === undefined ? [program.file] : ['-e', script, '--']), ...args];
}

async function mountsOf(
  ground: LaunchGround,
  { options, script }: LaunchOrder,
  { around, descriptors }: Parts,
): Promise<readonly Mount[]> {
  const { program, read = [], work } = options;
  const binary = program.type === 'node' ? ground.node : program.file;
  const visible = [...read, ...(work === undefined ? [] : [work])];
  const isVisible = visible.some((folder) => program.file === folder || program.file.startsWith(`${folder}/`));
  const libraries = await ground.librariesOf(binary);
  // What an addon needs beside them nobody knows before; it is where they are.
  const shown = options.native === true ? libraries.map((library) => dirname(library)) : libraries;
  const readable = [...new Set([...shown, binary, ...read])];
  const from = (path: string): string => around.shown.sources.get(path) ?? path;
  return [
    ...readable.map((path): Mount => ({ type: 'read', path, from: from(path) })),
    ...(program.type === 'executable' || isVisible || script !== undefined
      ? []
      : // A copy: its folder may be closed to the confined user.
        [{ type: 'data', path: program.file, descriptor: descriptors.file(program.file) } as const]),
    ...(work === undefined ? [] : [{ type: 'write', path: work, from: from(work) } as const]),
    ...(around.egress === undefined
      ? []
      : [{ type: 'socket', path: proxyInside, from: around.egress.socketPath } as const]),
  ];
}
