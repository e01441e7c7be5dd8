import type { PluginSlot } from '../../plugin/plugin-slot.ts';

/** A sentence for each plugin that the level it runs at does not hold, for operators. Pure. */
export function unconfinedPlugins(slots: readonly Pick<PluginSlot, 'name' | 'current'>[]): readonly string[] {
  return slots.flatMap(({ name, current }) => {
    const { level, unconfined } = current?.isolate ?? {};
    return unconfined === undefined ? [] : [`plugin ${name} is not confined at level ${level}: ${unconfined}`];
  });
}
