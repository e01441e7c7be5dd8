import { parseDuration } from '@hotswap/protocol';
import type { HostClock } from '../host-services/system-clock.ts';
import type { Generation } from '../plugin/generation.ts';
import type { PluginSlot } from '../plugin/plugin-slot.ts';
import { askHealth } from '../swap/warm-up.ts';

export interface HealthProbe {
  close(): void;
}

export interface HealthProbeOptions {
  readonly slots: () => readonly PluginSlot[];
  readonly clock: HostClock;
  /** For plugins whose manifest names no interval of their own. */
  readonly intervalMs: number;
  /** Hears of every answer: why the plugin counts as unhealthy, or undefined while it does not. */
  readonly probed: (slot: PluginSlot, problem: string | undefined) => void;
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
export function startHealthProbe(options: HealthProbeOptions): HealthProbe {
  const { slots, clock, intervalMs } = options;
  const records = new WeakMap<Generation, Record>();
  const look = (slot: PluginSlot): void => {
    const { current } = slot;
    if (current?.state !== 'active') return;
    const now = clock.ticks();
    const ownMs = intervalOf(current, intervalMs);
    const record = records.get(current) ?? { dueAt: now + ownMs, strikes: 0 };
    records.set(current, record);
    if (now < record.dueAt) return;
    record.dueAt = now + ownMs;
    void probe(options, slot, current, { record, limitMs: ownMs });
  };
  let cancel = (): void => {};
  const arm = (): void => {
    cancel = clock.after(Math.min(intervalMs, longestTickMs), () => {
      slots().forEach(look);
      arm();
    });
  };
  arm();
  return { close: () => cancel() };
}

async function probe(
  { clock, probed }: HealthProbeOptions,
  slot: PluginSlot,
  current: Generation,
  { record, limitMs }: { readonly record: Record; readonly limitMs: number },
): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<string>();
  const cancel = clock.after(limitMs, () => resolve('it did not answer its health check in time'));
  const asked = askHealth(current).then((answer) =>
    answer.status === 'healthy' ? undefined : (answer.reason ?? 'it gave no reason'),
  );
  const reason = await Promise.race([asked, late]);
  cancel();
  record.strikes = reason === undefined ? 0 : record.strikes + 1;
  const isUnhealthy = record.strikes >= (current.artifact.manifest.health?.strikes ?? defaultStrikes);
  const status = isUnhealthy ? 'unhealthy' : 'healthy';
  if (slot.current !== current) return;
  slot.health = { status, reason, checkedAt: Date.now() };
  probed(slot, isUnhealthy ? (reason ?? undefined) : undefined);
}

function intervalOf({ artifact }: Generation, defaultMs: number): number {
  const { interval } = artifact.manifest.health ?? {};
  return interval === undefined ? defaultMs : parseDuration(interval);
}
