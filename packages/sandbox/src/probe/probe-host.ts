import { findCgroups } from '../cgroup/find-cgroups.ts';
import { findGround, type LaunchGround } from '../launch/launch-ground.ts';
import { type LayerName, layerNames, type LayerState } from '../layers.ts';
import { missingLayer } from './missing-layers.ts';
import { probeLaunch } from './probe-launch.ts';

/** What this host can do, and what launches stand on. */
export interface HostProbe {
  readonly ground: LaunchGround;
  readonly report: readonly LayerState[];
}

/** Layers that stand around any program. */
const outer: readonly LayerName[] = ['user', 'environment', 'temp-folder', 'rlimits', 'namespaces', 'seccomp'];
/** Layers inside Node. */
const inner: readonly LayerName[] = ['permission-model', 'guard'];
/** Layers that bubblewrap makes. */
const ofBubblewrap: readonly LayerName[] = ['temp-folder', 'namespaces', 'seccomp'];

const how: Partial<Record<LayerName, string>> = {
  user: 'a uid for each sandbox',
  'temp-folder': 'tmpfs',
  namespaces: 'bubblewrap',
  seccomp: 'bubblewrap',
};

let probed: Promise<HostProbe> | undefined;

/** Probes once for a whole process. */
export async function probeHost(): Promise<HostProbe> {
  probed ??= probe();
  return await probed;
}

async function probe(): Promise<HostProbe> {
  const [cgroups, { ground, faults }] = await Promise.all([findCgroups(), probeLaunches()]);
  await cgroups.driver.removeLeftovers();
  return {
    ground: { ...ground, cgroups: cgroups.driver },
    report: layerNames.map((layer) => (layer === 'cgroup' ? cgroups.state : stateOf(layer, faults))),
  };
}

/** Tries every layer but the groups of processes, which whoever finds them has tried. */
async function probeLaunches(): Promise<{
  readonly ground: LaunchGround;
  readonly faults: ReadonlyMap<LayerName, string>;
}> {
  const found = await findGround();
  const faults = new Map(impossible(found));
  const { ground, refusal } = await withWorkingBubblewrap(found);
  if (refusal !== undefined) for (const layer of ofBubblewrap) faults.set(layer, faults.get(layer) ?? refusal);
  const possible = (layers: readonly LayerName[]): readonly LayerName[] => layers.filter((layer) => !faults.has(layer));
  // With Node's own layers nothing can look around: those outside are tried without them.
  const tried = await Promise.all([
    probeLaunch(ground, possible(outer)),
    probeLaunch(ground, ['environment', ...inner]),
  ]);
  for (const each of tried) for (const [layer, fault] of await pinnedDown(ground, each)) faults.set(layer, fault);
  return { ground, faults };
}

/** What need not be tried, and why. */
function* impossible(ground: LaunchGround): Generator<[LayerName, string]> {
  const isLinux = process.platform === 'linux';
  if (!isLinux)
    for (const layer of outer) if (layer !== 'environment') yield [layer, `not on ${process.platform}: only on Linux`];
  if (!isLinux) return;
  if (process.getuid?.() !== 0) yield ['user', 'this process is not root: it cannot give another uid'];
  else if (ground.setpriv === undefined) yield ['user', 'setpriv is not on the PATH'];
  if (ground.bubblewrap === undefined) for (const layer of ofBubblewrap) yield [layer, 'bwrap is not on the PATH'];
  else if (ground.filter('node') === undefined) yield ['seccomp', `no list of system calls for ${process.arch}`];
}

/** Whether bubblewrap can do anything at all here; where not, launches go without it. */
async function withWorkingBubblewrap(
  ground: LaunchGround,
): Promise<{ readonly ground: LaunchGround; readonly refusal?: string }> {
  if (ground.bubblewrap === undefined) return { ground };
  const refusal = (await probeLaunch(ground, ['environment'])).get('environment');
  return refusal === undefined ? { ground } : { ground: { ...ground, bubblewrap: undefined }, refusal };
}

/** When a launch behind several layers failed as a whole, tries each alone, to name those that are to blame. */
async function pinnedDown(
  ground: LaunchGround,
  faults: ReadonlyMap<LayerName, string>,
): Promise<ReadonlyMap<LayerName, string>> {
  const together = [...faults.keys()];
  if (new Set(faults.values()).size !== 1 || together.length === 1) return faults;
  const alone = await Promise.all(together.map(async (layer) => await probeLaunch(ground, [layer])));
  const found = new Map(alone.flatMap((each) => [...each]));
  // None to blame alone: then it is their meeting, and nothing may be claimed.
  return found.size === 0 ? faults : found;
}

function stateOf(layer: LayerName, faults: ReadonlyMap<LayerName, string>): LayerState {
  const fault = faults.get(layer);
  if (fault !== undefined) return missingLayer(layer, fault);
  const way =
    layer === 'rlimits' && faults.has('user') ? 'no number of processes: it counts for a whole user' : how[layer];
  return { layer, status: 'used', ...(way !== undefined && { how: way }) };
}
