import { settlesWithin } from './time-limit.ts';
import { fail } from '../errors.ts';
import type { EventBus } from '../host-services/event-bus.ts';
import type { Generation } from '../plugin/generation.ts';

export interface DrainLimits {
  /** How long requests may finish by themselves. */
  readonly drainTimeoutMs: number;
  /** How long aborted requests may take to heed their signal. */
  readonly graceMs: number;
}

/**
 * Waits until nobody holds a lease on `generation` and its queued events are handled; past the limit aborts the rest, waits the grace, settles them.
 * A rollback that makes it serve again ends the wait.
 *
 * @returns how many requests were cancelled
 */
export async function drain(generation: Generation, limits: DrainLimits, events: EventBus): Promise<number> {
  const { leases, plugin, number, state } = generation;
  leases.announceDrain();
  const idle = events.idle(plugin, number).then(() => (generation.state === state ? leases.whenIdle() : undefined));
  if (await settlesWithin(idle, limits.drainTimeoutMs)) return 0;
  // It serves again: a rollback came, and what it holds now is not what was waited for.
  if (generation.state !== state) return 0;
  const error = fail('CALL_CANCELLED', { plugin: generation.plugin, reason: 'the drain time-out passed' });
  const cancelled = leases.abortAll(error);
  if (await settlesWithin(leases.whenIdle(), limits.graceMs)) return cancelled;
  leases.cancelAll(error);
  return cancelled;
}
