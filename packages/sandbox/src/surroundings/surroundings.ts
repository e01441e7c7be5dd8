import { chown, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Cgroup } from '../cgroup/cgroup.ts';
import { createEgressProxy, type EgressProxy } from '../egress/egress-proxy.ts';
import { type AppliedLimits, appliedLimits } from '../launch/applied-limits.ts';
import type { LaunchGround } from '../launch/launch-ground.ts';
import type { LaunchOrder } from '../launch/launch-order.ts';
import { refuseAbsent, refuseClosed, type ShownPaths, showPaths } from './shown-paths.ts';
import type { Undoing } from '../run/undoing.ts';

/** What stands outside while a process runs. */
export interface Surroundings {
  readonly limits: AppliedLimits;
  readonly uid: number | undefined;
  readonly group: Cgroup | undefined;
  readonly egress: EgressProxy | undefined;
  /** A folder of this host, the confined user's own, for what cannot be inside alone. */
  readonly folder: string | undefined;
  readonly shown: ShownPaths;
}

/** Makes what a launch needs outside; each thing goes again with `undoing`. */
export async function makeSurroundings(
  ground: LaunchGround,
  { options, layers, limitsTogether }: LaunchOrder,
  undoing: Undoing,
): Promise<Surroundings> {
  const limits = appliedLimits(options.limits);
  const user = layers.has('user') ? await ground.users.take(options.work) : undefined;
  if (user !== undefined) undoing.add(() => user.release());
  const uid = user?.uid;
  const needsFolder = options.egress !== undefined || !layers.has('namespaces');
  let folder = needsFolder ? await makeFolder(ground, uid, undoing) : undefined;
  const shown = await show(
    ground,
    { options, layers },
    async () => (folder ??= await makeFolder(ground, uid, undoing)),
  );
  const egress =
    options.egress === undefined || folder === undefined
      ? undefined
      : await createEgressProxy({
          socketPath: join(folder, 'egress.sock'),
          entries: options.egress,
          maxConnections: limits.connections,
          ...(options.onRefused !== undefined && { onRefused: options.onRefused }),
          ...(uid !== undefined && { uid }),
        });
  if (egress !== undefined) undoing.add(() => egress.close());
  // Where the layer is missing and that is allowed, polling stands in for it.
  const group = limitsTogether ? await ground.cgroups?.create(ground.nextName(), limits) : undefined;
  if (group !== undefined) {
    undoing.add(() => group.remove());
    undoing.add(() => group.kill());
  }
  return { limits, uid, group, egress, folder, shown };
}

/** @throws SANDBOX_PATH_CLOSED */
async function show(
  ground: LaunchGround,
  { options, layers }: Pick<LaunchOrder, 'options' | 'layers'>,
  folder: () => Promise<string>,
): Promise<ShownPaths> {
  const { program, read = [], work } = options;
  // Of a script only a copy is shown, in any case.
  await refuseAbsent(program.file);
  const binary = program.type === 'node' ? ground.node : program.file;
  const isOther = layers.has('user');
  if (isOther && !layers.has('namespaces')) {
    await refuseClosed([binary, ...read, ...(work === undefined ? [] : [dirname(work)])]);
  }
  const means = isOther && layers.has('namespaces') ? { folder, canMount: ground.canMountPrivately } : undefined;
  return await showPaths({ read: [binary, ...read], work }, means);
}

async function makeFolder(ground: LaunchGround, uid: number | undefined, undoing: Undoing): Promise<string> {
  const folder = await ground.folder.makeFolder();
  undoing.add(() => ground.folder.removeFolder(folder));
  await mkdir(join(folder, 'tmp'), { mode: 0o700 });
  if (uid === undefined) return folder;
  await chown(folder, uid, uid);
  await chown(join(folder, 'tmp'), uid, uid);
  return folder;
}
