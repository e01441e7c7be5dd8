import type { Generation } from '../plugin/generation.ts';
import type { KeptState, Snapshot } from '../plugin/history.ts';
import type { PluginSlot } from '../plugin/plugin-slot.ts';
import { registrationLabels } from '../registration-label.ts';
import type { Operation } from '../status.ts';

/** The change that a snapshot is taken before. */
export interface ChangeAhead {
  readonly operation: Operation;
  readonly operationId: string;
  readonly actor: string;
  readonly reason: string;
}

/** What a plugin is while `generation` serves, before it gives way. The slot's wish must still be its own. */
export function takeSnapshot(
  { wish }: PluginSlot,
  generation: Generation,
  { operation, operationId, actor, reason }: ChangeAhead,
  state: KeptState | undefined,
): Snapshot {
  const { artifact, number, registrations } = generation;
  const { version, dependencies = {} } = artifact.manifest;
  return {
    generation: number,
    version,
    digest: artifact.digest,
    artifact,
    source: wish.source,
    // A copy: whoever gave the config may go on to change it.
    config: structuredClone(wish.config),
    isolation: wish.isolation,
    ...registrationLabels(registrations),
    dependencies: Object.fromEntries(
      Object.entries(dependencies).map(([name, spec]) => [name, typeof spec === 'string' ? spec : spec.version]),
    ),
    state,
    takenAt: Date.now(),
    operation,
    operationId,
    actor,
    reason,
  };
}
