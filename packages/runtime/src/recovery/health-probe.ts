import { parseDuration } from '@hotswap/protocol';
import type { Generation } from '../plugin/generation.ts';
import type { PluginSlot } from '../plugin/plugin-slot.ts';
import { settlesWithin } from '../swap/time-limit.ts';
import { askHealth } from '../swap/warm-up.ts';

export interface HealthProbe {
  close(): void;
}

export interface HealthProbeOptions {
  readonly slots: () => readonly PluginSlot[];
  /** For plugins whose manifest names no interval of their own. */
  readonly intervalMs: number;
}

/** What is remembered of a generation between two looks; the next one begins without strikes. */
interface Record {
  dueAt: number;
  strikes: number;
}

const longestTickMs = 1_000;
const defaultStrikes = 3;

/**
 * Asks every active plugin for its health at its own interval. A plugin is unhealthy after its number of failed
 * answers in a row (default 3); one that does not answer within the interval has failed.
 */
export function startHealthProbe({ slots, intervalMs }: HealthProbeOptions): HealthProbe {
  const records = new WeakMap<Generation, Record>();
  const look = (slot: PluginSlot): void => {
    const { current } = slot;
    if (current?.state !== 'active') return;
    const now = performance.now();
    const ownMs = intervalOf(current, intervalMs);
    const record = records.get(current) ?? { dueAt: now + ownMs, strikes: 0 };
    records.set(current, record);
    if (now < record.dueAt) return;
    record.dueAt = now + ownMs;
    void probe(slot, current, { record, limitMs: ownMs });
  };
  const timer = setInterval(() => slots().forEach(look), Math.min(intervalMs, longestTickMs)).unref();
  return { close: () => clearInterval(timer) };
}

async function probe(
  slot: PluginSlot,
  current: Generation,
  { record, limitMs }: { readonly record: Record; readonly limitMs: number },
): Promise<void> {
  let reason: string | undefined = 'it did not answer its health check in time';
  const asked = askHealth(current).then((answer) => {
    reason = answer.status === 'healthy' ? undefined : (answer.reason ?? 'it gave no reason');
  });
  await settlesWithin(asked, limitMs);
  record.strikes = reason === undefined ? 0 : record.strikes + 1;
  const isUnhealthy = record.strikes >= (current.artifact.manifest.health?.strikes ?? defaultStrikes);
  const status = isUnhealthy ? 'unhealthy' : 'healthy';
  if (slot.current === current) slot.health = { status, reason, checkedAt: Date.now() };
}

function intervalOf({ artifact }: Generation, defaultMs: number): number {
  const { interval } = artifact.manifest.health ?? {};
  return interval === undefined ? defaultMs : parseDuration(interval);
}
