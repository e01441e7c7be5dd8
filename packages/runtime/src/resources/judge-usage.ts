import type { ResourceLimits, ResourceType, UsageReading } from '../status.ts';

/** How near to a limit is worth a word, as shares of it. */
export interface Thresholds {
  readonly warnAt: number;
  readonly actAt: number;
}

/** `warn`: near the limit; `over`: at it or past it. */
export type Pressure = 'none' | 'warn' | 'over';

/** How one resource of a plugin stands. */
export interface ResourcePressure {
  readonly resource: ResourceType;
  readonly pressure: Pressure;
  /** In the unit of the limit. */
  readonly used: number;
  readonly limit: number;
  /** Such as `251 MB of memory, of the 256 MB it may use`. */
  readonly detail: string;
}

const megabyte = 1_048_576;

/** How every resource that has a limit and a reading stands. Pure. */
export function judgeUsage(
  reading: UsageReading,
  limits: ResourceLimits,
  thresholds: Thresholds,
): readonly ResourcePressure[] {
  const megabytes = (bytes: number | undefined): number | undefined =>
    bytes === undefined ? undefined : bytes / megabyte;
  const measured = [
    ['memory', megabytes(reading.memoryBytes), limits.memoryMB, ' MB', 'of memory'],
    ['cpu', reading.cpuPercent, limits.cpuPercent, ' %', 'of a core'],
    ['threads', reading.threads, limits.threads, '', 'threads and processes'],
    ['files', reading.openFiles, limits.files, '', 'open files'],
    ['disk', megabytes(reading.diskBytes), limits.diskMB, ' MB', 'of disk'],
  ] as const;
  return measured.flatMap(([resource, used, limit, unit, name]) => {
    if (used === undefined || limit === undefined || !Number.isFinite(limit)) return [];
    const detail = `${used.toFixed(0)}${unit} ${name}, of the ${limit}${unit} it may use`;
    return [{ resource, pressure: pressureOf(used / limit, thresholds), used, limit, detail }];
  });
}

function pressureOf(share: number, { warnAt, actAt }: Thresholds): Pressure {
  if (share >= actAt) return 'over';
  return share >= warnAt ? 'warn' : 'none';
}

/** What is remembered of one resource between two looks. */
export interface PressureMemory {
  /** What was told last. */
  readonly told: Pressure;
  /** Looks in a row at which it was over. */
  readonly overFor: number;
}

export const calm: PressureMemory = { told: 'none', overFor: 0 };

/**
 * A moment over the processor's limit is no news, and memory that is over is: the looks in a row after which something
 * counts as a violation.
 */
const looksUntilViolation: Readonly<Partial<Record<ResourceType, number>>> = { cpu: 3 };

/** What is to be told of a look, if anything, and what is remembered of it. Each change is told once. Pure. */
export function followPressure(
  before: PressureMemory,
  { resource, pressure }: Pick<ResourcePressure, 'resource' | 'pressure'>,
): { readonly memory: PressureMemory; readonly tell: 'warning' | 'violation' | 'relief' | undefined } {
  const overFor = pressure === 'over' ? before.overFor + 1 : 0;
  const isViolation = overFor >= (looksUntilViolation[resource] ?? 1);
  const now: Pressure = isViolation ? 'over' : pressure === 'none' ? 'none' : 'warn';
  const memory = { told: now, overFor };
  if (now === before.told) return { memory, tell: undefined };
  if (now === 'over') return { memory, tell: 'violation' };
  if (now === 'warn') return { memory, tell: before.told === 'none' ? 'warning' : undefined };
  return { memory, tell: 'relief' };
}
