import type { FoundEngine } from '../engine/find-engine.ts';
import { hasEnded, ownMark, readMark, writeMark } from './host-mark.ts';
import { groupNames, removeGroup } from '../memory-peak.ts';
import { startOf } from '../../run/process-table.ts';

/** On every container of ours. */
export const hostLabel = 'hotswap.host';

const namePrefix = 'hotswap-';
/** The name of a container of this process, which says whose it is. */
export async function ownName(ordinal: number): Promise<string> {
  return `${namePrefix}${writeMark(await ownMark())}-${ordinal}`;
}

/**
 * Removes the containers of hosts that were killed before they could.
 *
 * @returns their names
 */
export async function removeLeftovers({ kind, cli }: FoundEngine): Promise<readonly string[]> {
  const listed = await cli.must(['ps', '--all', '--filter', `label=${hostLabel}`, '--format', '{{.Names}}']);
  const names: string[] = [];
  for (const name of listed.split('\n').filter((line) => line.startsWith(namePrefix))) {
    if (await isLeft(name.slice(namePrefix.length, name.lastIndexOf('-')))) names.push(name);
  }
  // Another host may remove the same ones at the same time.
  const atOnce = kind === 'podman' ? ['--time=0'] : [];
  if (names.length > 0) await cli.run(['rm', '--force', '--volumes', ...atOnce, ...names]);
  for (const group of await groupNames()) {
    if (group.startsWith(namePrefix) && (await isLeft(group.slice(namePrefix.length, group.lastIndexOf('-')))))
      await removeGroup(group);
  }
  return names;
}

async function isLeft(text: string): Promise<boolean> {
  const mark = readMark(text);
  return mark !== undefined && hasEnded(mark, await ownMark(), await startOf(mark.pid));
}
