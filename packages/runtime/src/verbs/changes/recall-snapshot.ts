import { messageOf } from '@hotswap/protocol';
import type { CheckParts } from '../check-artifact.ts';
import { fail } from '../../errors.ts';
import type { Artifact } from '../../loading/artifact.ts';
import { type PluginSource, sourcePath } from '../../loading/plugin-source.ts';
import type { Snapshot } from '../../plugin/history.ts';
import type { PluginSlot, SlotWish } from '../../plugin/plugin-slot.ts';

export interface RecallParts {
  readonly load: (source: PluginSource, signal: AbortSignal | undefined) => Promise<Artifact>;
  readonly unmask: CheckParts['unmask'];
}

/**
 * What a rollback to a snapshot runs, and the wish that goes with it. After a restart the code is loaded from its source
 * again, and must be what it was then.
 *
 * @throws SNAPSHOT_SOURCE_CHANGED, CONFIG_REJECTED
 */
export async function recallSnapshot(
  { load, unmask }: RecallParts,
  { slot, snapshot }: { readonly slot: PluginSlot; readonly snapshot: Snapshot },
  signal: AbortSignal | undefined,
): Promise<{ readonly artifact: Artifact; readonly wish: SlotWish }> {
  const { source, isolation } = snapshot;
  if (snapshot.artifact) {
    const { artifact, config } = snapshot;
    return { artifact, wish: { ...slot.wish, source, config, isolation } };
  }
  const changed = (problem: string, cause?: unknown): Error => {
    const { version } = snapshot;
    const where = typeof source === 'string' || source instanceof URL ? sourcePath(source) : source.name;
    return fail('SNAPSHOT_SOURCE_CHANGED', { plugin: slot.name, version, source: where, problem }, { cause });
  };
  const artifact = await load(source, signal).catch((error: unknown) => {
    throw changed(`cannot be loaded any more (${messageOf(error)})`, error);
  });
  if (artifact.digest !== snapshot.digest) throw changed(`holds something else now (${artifact.manifest.version})`);
  // Written down without its secrets: those of today stand where they stood.
  const config = unmask(artifact, snapshot.config, slot.wish.config);
  return { artifact, wish: { ...slot.wish, source, config, isolation } };
}
