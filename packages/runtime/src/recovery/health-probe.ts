import type { PluginSlot } from '../plugin/plugin-slot.ts';
import { askHealth } from '../swap/warm-up.ts';
import { settlesWithin } from '../swap/time-limit.ts';

export interface HealthProbe {
  close(): void;
}

/**
 * Asks every active plugin for its health, each `intervalMs`. A plugin is unhealthy after `strikes` failed answers in
 * a row; one that does not answer in time has failed.
 */
export function startHealthProbe(options: {
  readonly slots: () => readonly PluginSlot[];
  readonly intervalMs: number;
  readonly strikes: number;
}): HealthProbe {
  const strikes = new WeakMap<PluginSlot, number>();
  const probe = async (slot: PluginSlot): Promise<void> => {
    const { current } = slot;
    if (current?.state !== 'active') return;
    let reason: string | undefined = 'it did not answer its health check in time';
    const asked = askHealth(current).then((answer) => {
      reason = answer.status === 'healthy' ? undefined : (answer.reason ?? 'it gave no reason');
    });
    await settlesWithin(asked, options.intervalMs);
    const count = reason === undefined ? 0 : (strikes.get(slot) ?? 0) + 1;
    strikes.set(slot, count);
    const status = count >= options.strikes ? 'unhealthy' : 'healthy';
    if (slot.current === current) slot.health = { status, reason, checkedAt: Date.now() };
  };
  const timer = setInterval(() => {
    for (const slot of options.slots()) void probe(slot);
  }, options.intervalMs).unref();
  return { close: () => clearInterval(timer) };
}
