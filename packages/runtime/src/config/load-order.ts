/** What of a plugin matters to the order of starting. */
export interface OrderedPlugin {
  readonly name: string;
  readonly kinds: readonly string[];
  /** Names of the plugins it needs. */
  readonly dependencies: readonly string[];
}

/**
 * Names in the order of starting: dependencies first, then as `loadOrder` says, then by name.
 *
 * A kind in `loadOrder` stands for all its plugins. Dependencies on plugins that are not among `plugins`, and
 * cycles, do not stop the sorting: they are refused where dependencies are resolved.
 */
export function startOrder(plugins: readonly OrderedPlugin[], loadOrder: readonly string[]): readonly string[] {
  const byName = new Map(plugins.map((plugin) => [plugin.name, plugin]));
  const wished = plugins.toSorted((a, b) => rank(a, loadOrder) - rank(b, loadOrder) || (a.name < b.name ? -1 : 1));
  const order = new Set<string>();
  const entered = new Set<string>();
  const visit = (plugin: OrderedPlugin): void => {
    if (entered.has(plugin.name)) return;
    entered.add(plugin.name);
    for (const name of plugin.dependencies.toSorted()) {
      const dependency = byName.get(name);
      if (dependency) visit(dependency);
    }
    order.add(plugin.name);
  };
  for (const plugin of wished) visit(plugin);
  return [...order];
}

/** A plugin's own name counts before its kinds; what is not listed comes last. */
function rank({ name, kinds }: OrderedPlugin, loadOrder: readonly string[]): number {
  const byName = loadOrder.indexOf(name);
  if (byName >= 0) return byName;
  const byKind = loadOrder.findIndex((entry) => kinds.includes(entry));
  return byKind >= 0 ? byKind : loadOrder.length;
}
