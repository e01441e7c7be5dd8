import { findGround, type LaunchGround } from '../launch/launch-ground.ts';
import { layerNames, type LayerState } from '../layers.ts';

/** What this host can do, and what launches stand on. */
export interface HostProbe {
  readonly ground: LaunchGround;
  readonly report: readonly LayerState[];
}

let probed: Promise<HostProbe> | undefined;

/** Probes once for a whole process. */
export async function probeHost(): Promise<HostProbe> {
  probed ??= probe();
  return await probed;
}

async function probe(): Promise<HostProbe> {
  const ground = await findGround(undefined);
  return { ground, report: layerNames.map((layer) => ({ layer, status: layer === 'cgroup' ? 'missing' : 'used' })) };
}
