import type { IsolationLevel, PluginManifest } from '@hotswap/protocol';
import type { IsolateFactory } from './isolate.ts';
import { fail } from '../errors.ts';

/** The levels this runtime can give, weakest first. */
export type IsolateFactories = Readonly<Partial<Record<IsolationLevel, IsolateFactory>>>;

/** Every level there is, weakest first. */
export const everyLevel: readonly IsolationLevel[] = ['none', 'basic', 'strict', 'sandbox', 'container'];

/** The levels that can be had, weakest first. */
export function levelsOf(factories: IsolateFactories): readonly IsolationLevel[] {
  return everyLevel.filter((level) => factories[level] !== undefined);
}

/** The level a plugin runs at: what the operator set, else what the plugin asks for, else `basic`. */
export function isolationLevelOf(manifest: PluginManifest, operatorLevel: IsolationLevel | undefined): IsolationLevel {
  return operatorLevel ?? manifest.isolation ?? 'basic';
}

/**
 * The factory for a level. A level that cannot be had is refused: nothing ever runs at a weaker one in silence.
 *
 * @throws ISOLATION_UNAVAILABLE
 */
export function chooseIsolate(plugin: string, level: IsolationLevel, factories: IsolateFactories): IsolateFactory {
  const factory = factories[level];
  if (factory) return factory;
  throw fail('ISOLATION_UNAVAILABLE', { plugin, level, available: Object.keys(factories).join(', ') });
}
