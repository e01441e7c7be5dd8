import { setImmediate as nextTurn } from 'node:timers/promises';
import type { HostClock } from '../host-services/system-clock.ts';
import type { Generation } from '../plugin/generation.ts';
import type { PluginSlot } from '../plugin/plugin-slot.ts';
import type { StateKeeper } from './state-keeper.ts';

export interface SnapshotTimer {
  close(): void;
}

export interface SnapshotTimerOptions {
  readonly slots: () => readonly PluginSlot[];
  readonly keeper: Pick<StateKeeper, 'save'>;
  readonly clock: Pick<HostClock, 'after'>;
  /** 0: states are kept before changes and at the end only. */
  readonly intervalMs: number;
}

/**
 * Keeps the state of every plugin that exports one and has answered something since it was kept last. What a crash of
 * the process can cost is one interval.
 */
export function startSnapshotTimer({ slots, keeper, clock, intervalMs }: SnapshotTimerOptions): SnapshotTimer {
  const savedAt = new WeakMap<Generation, number>();
  const saving = new WeakSet<Generation>();
  let cancel = (): void => {};
  let isClosed = false;

  const save = async (slot: PluginSlot, generation: Generation): Promise<void> => {
    const { requests } = generation;
    saving.add(generation);
    const kept = await keeper.save(generation, () => slot.current === generation && isAtRest(slot));
    saving.delete(generation);
    if (kept) savedAt.set(generation, requests);
  };
  const isDue = (slot: PluginSlot): boolean => {
    const { current } = slot;
    if (current === undefined || !isAtRest(slot) || !current.exportsState || saving.has(current)) return false;
    return current.requests !== (savedAt.get(current) ?? 0);
  };
  const look = async (): Promise<void> => {
    for (const slot of slots()) {
      if (isClosed) return;
      if (!isDue(slot) || slot.current === undefined) continue;
      void save(slot, slot.current);
      // Each in a turn of its own: many states at once would hold requests up.
      await nextTurn();
    }
  };
  const arm = (): void => {
    cancel = clock.after(intervalMs, () => {
      arm();
      void look();
    });
  };
  if (intervalMs > 0) arm();
  return {
    close: () => {
      isClosed = true;
      cancel();
    },
  };
}

/** Whether nothing is being done to a plugin: one that changes hands, or ends, is kept by that itself. */
function isAtRest({ current, operation, parking }: PluginSlot): boolean {
  return current?.state === 'active' && operation === undefined && parking === undefined;
}
