import type { IsolationLevel } from '@hotswap/protocol';
import { fail } from '../../errors.ts';
import type { Artifact } from '../../loading/artifact.ts';
import type { PluginSlot, SlotWish } from '../../plugin/plugin-slot.ts';

/**
 * What a plugin shall run at another isolation level: the same code with the same config.
 *
 * @throws ISOLATION_UNCHANGED
 */
export function promotionOf(
  { name, wish, current }: PluginSlot,
  isolation: IsolationLevel,
): { readonly wish: SlotWish; readonly artifact: Artifact | undefined } {
  if (current?.state === 'active' && current.isolate.level === isolation) {
    throw fail('ISOLATION_UNCHANGED', { plugin: name, level: isolation });
  }
  return { wish: { ...wish, isolation }, artifact: current?.artifact };
}
