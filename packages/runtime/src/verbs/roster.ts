import { fail } from '../errors.ts';
import type { PluginSlot } from '../plugin/plugin-slot.ts';

/** Every installed plugin by name, in load order. The one place where slots come and go. */
export class Roster {
  readonly #slots = new Map<string, PluginSlot>();

  get slots(): readonly PluginSlot[] {
    return [...this.#slots.values()];
  }

  find(name: string): PluginSlot | undefined {
    return this.#slots.get(name);
  }

  /** @throws PLUGIN_UNKNOWN */
  get(name: string): PluginSlot {
    const slot = this.#slots.get(name);
    if (slot === undefined) throw fail('PLUGIN_UNKNOWN', { plugin: name, known: [...this.#slots.keys()] });
    return slot;
  }

  add(slot: PluginSlot): void {
    this.#slots.set(slot.name, slot);
  }

  remove(slot: PluginSlot): void {
    this.#slots.delete(slot.name);
  }

  /** Plugins whose running generation needs this one, by name. */
  dependentsOf(name: string): readonly string[] {
    return this.dependents().get(name) ?? [];
  }

  /** The same for every plugin at once: a status of a thousand asks each slot once, and not each about each. */
  dependents(): ReadonlyMap<string, readonly string[]> {
    const dependents = new Map<string, string[]>();
    for (const slot of this.#slots.values()) {
      for (const needed of requiredBy(slot)) dependents.set(needed, [...(dependents.get(needed) ?? []), slot.name]);
    }
    return dependents;
  }

  /** The plugin, then everything that would stop with it, dependents first. */
  cascadeOf(name: string): readonly string[] {
    const found: string[] = [];
    const visit = (plugin: string): void => {
      for (const dependent of this.dependentsOf(plugin)) if (!found.includes(dependent)) visit(dependent);
      if (!found.includes(plugin)) found.push(plugin);
    };
    visit(name);
    return found;
  }
}

/** Names of the plugins that a slot's running generation cannot do without. */
export function requiredBy(slot: PluginSlot): readonly string[] {
  const dependencies = slot.current?.artifact.manifest.dependencies ?? {};
  return Object.entries(dependencies)
    .filter(([, spec]) => typeof spec === 'string' || spec.optional !== true)
    .map(([name]) => name);
}
