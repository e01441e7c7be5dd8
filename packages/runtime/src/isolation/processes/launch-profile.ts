import { isDeepStrictEqual } from 'node:util';
import type { ConfinementLimits, LaunchOptions } from '@hotswap/sandbox';
import type { PlaceOwner } from '../places/place.ts';

/** How a process of guests is launched. */
export interface GuestLaunch extends LaunchOptions {
  /** The image that it runs in, where that is a container; default: the usual one. */
  readonly image?: string;
}

/** What a process is launched with, as far as plugins differ in it. */
export interface LaunchProfile {
  readonly limits: ConfinementLimits;
  readonly network: readonly string[];
  readonly files: readonly string[];
  readonly native: boolean;
  readonly image: string | undefined;
}

/** A heap that grows as far as the whole process may would be killed before it is ever collected in earnest. */
const heapShare = 0.75;

/** What `owner` needs; what it does not say is as `usual`. Pure. */
export function profileOf(owner: PlaceOwner | undefined, usual: ConfinementLimits): LaunchProfile {
  const { network = [], files = [], native = false, limits, image } = owner ?? {};
  return { limits: { ...usual, ...confinementLimitsOf(limits) }, network, files, native, image };
}

/** Whether a process that was launched with the `usual` limits and nothing else cannot be made into that. Pure. */
export function needsOwnLaunch(
  { limits, network, files, native, image }: LaunchProfile,
  usual: ConfinementLimits,
): boolean {
  const isPlain = network.length === 0 && files.length === 0 && !native && image === undefined;
  const { memoryMB = 0, openFiles } = limits;
  // The limit of V8's heap is set when it starts.
  return !isPlain || openFiles !== usual.openFiles || memoryMB > (usual.memoryMB ?? 0);
}

/** Whether two profiles differ in more than how much they may use. Pure. */
export function isSameProfile(one: LaunchProfile, other: LaunchProfile): boolean {
  const rightsOf = ({ network, files, native, image }: LaunchProfile): unknown => [network, files, native, image];
  return isDeepStrictEqual(rightsOf(one), rightsOf(other));
}

/** How a process for `profile` is launched. Pure. */
export function confinementOf(profile: LaunchProfile, entry: string, isSpare: boolean): GuestLaunch {
  const { limits, network, files, native, image } = profile;
  const { memoryMB } = limits;
  return {
    program: { type: 'node', file: entry, args: isSpare ? ['spare'] : [] },
    nodeFlags: memoryMB === undefined ? [] : [`--max-old-space-size=${Math.ceil(memoryMB * heapShare)}`],
    read: files,
    limits,
    native,
    ...(network.length > 0 && { egress: network }),
    ...(image !== undefined && { image }),
  };
}

/** What several plugins may use together that share a process. Pure. */
export function sumOfLimits(all: readonly ConfinementLimits[]): ConfinementLimits {
  const sum = (read: (limits: ConfinementLimits) => number | undefined): number | undefined => {
    const values = all.map(read);
    return values.includes(undefined) ? undefined : values.reduce<number>((total, value = 0) => total + value, 0);
  };
  return defined({
    ...all[0],
    memoryMB: sum(({ memoryMB }) => memoryMB),
    cpuPercent: sum(({ cpuPercent }) => cpuPercent),
    processes: sum(({ processes }) => processes),
    connections: sum(({ connections }) => connections),
  });
}

function confinementLimitsOf(limits: PlaceOwner['limits']): ConfinementLimits {
  const { memoryMB, cpuPercent, processes, openFiles, connections } = limits ?? {};
  return defined({ memoryMB, cpuPercent, processes, openFiles, connections });
}

/** Without what is undefined. */
function defined(limits: { readonly [Name in keyof ConfinementLimits]: number | undefined }): ConfinementLimits {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}
