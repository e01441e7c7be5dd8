import { existsSync } from 'node:fs';

import type { LayerState } from '../layers.ts';
import type { CgroupDriver } from './cgroup.ts';
import { v1Driver, v2Driver } from './drivers/file-drivers.ts';
import { pollingDriver } from './drivers/polling-watch.ts';
import { systemdDriver } from './drivers/systemd-driver.ts';
import { v1Controllers } from './drivers/v1-files.ts';
import { findV2Place, openV2Place } from './drivers/v2-place.ts';
import { thisHost } from './group-name.ts';
import { type Hierarchies, parseHierarchies } from './hierarchies.ts';
import { probeDriver } from './probe-driver.ts';
import { isWritable, readPseudo } from './pseudo-files.ts';

/** How groups are made on this host, and what a report says of it. */
export interface FoundCgroups {
  /** Of the last resort, polling, where `state` says that the layer is missing. */
  readonly driver: CgroupDriver;
  readonly state: LayerState;
}

/** One way of making groups on this host, or why it cannot be gone. */
type Way = () => CgroupDriver | string;

/**
 * Finds the way in which this host can put limits on groups of processes, by trying each for real: version 2, scopes of
 * systemd, version 1, and polling, which counts as missing. Takes about 0.2 s and starts two short processes each time.
 */
export async function findCgroups(): Promise<FoundCgroups> {
  const refusals: string[] = [];
  for (const [how, way] of Object.entries(ways())) {
    const refusal = await attempt(way);
    if (typeof refusal !== 'string') return { driver: refusal, state: { layer: 'cgroup', status: 'used', how } };
    refusals.push(`${how}: ${refusal}`);
  }
  return {
    driver: pollingDriver(),
    state: {
      layer: 'cgroup',
      status: 'missing',
      how: 'polling',
      error: refusals.join('; '),
      consequence:
        'a process that grows quickly can take the memory of the host before it is seen, and its share of the processor is not limited',
      advice:
        'run the host as root, or as a user with a delegated group: systemd-run --user --scope -p Delegate=yes COMMAND, or Delegate=yes in its unit',
    },
  };
}

async function attempt(way: Way): Promise<CgroupDriver | string> {
  try {
    const driver = way();
    if (typeof driver === 'string') return driver;
    return (await probeDriver(driver)) ?? driver;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function ways(): Readonly<Record<Exclude<CgroupDriver['how'], 'polling'>, Way>> {
  const hierarchies = parseHierarchies(readPseudo('/proc/self/mountinfo') ?? '', readPseudo('/proc/self/cgroup') ?? '');
  const host = thisHost();
  const isRoot = process.getuid?.() === 0;
  const hasSystemd = existsSync('/run/systemd/system');
  const unless = (reason: string | undefined | false, way: Way): Way => (reason ? () => reason : way);
  return {
    'cgroup v2': () => {
      if (host === undefined || hierarchies.v2 === undefined) return 'not mounted';
      const place = findV2Place(hierarchies.v2, { isRoot, hasSystemd });
      if ('reason' in place) return place.reason;
      openV2Place(place.folder);
      return v2Driver({ mount: hierarchies.v2.mount, own: place.folder }, host);
    },
    'systemd scope': unless(!hasSystemd && 'systemd does not run here', () =>
      host === undefined || hierarchies.v2 === undefined
        ? 'no cgroup v2 beneath it'
        : systemdDriver(hierarchies.v2.mount, host, isRoot ? 'system' : 'user'),
    ),
    'cgroup v1': () => {
      if (host === undefined) return 'not mounted';
      return v1Refusal(hierarchies) ?? v1Driver(hierarchies.v1, host);
    },
  };
}

function v1Refusal({ v1 }: Hierarchies): string | undefined {
  const missing = v1Controllers.filter((controller) => !v1.has(controller));
  if (missing.length > 0) return `not mounted: ${missing.join(', ')}`;
  const closed = v1Controllers.map((controller) => v1.get(controller)?.own ?? '').find((folder) => !isWritable(folder));
  return closed === undefined ? undefined : `${closed} cannot be written by this user`;
}
