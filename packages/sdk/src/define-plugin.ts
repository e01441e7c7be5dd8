import type { SwapMode } from '@hotswap/protocol';
import { noteFile } from './defined-in.ts';
import type { MaybePromise, PluginContext } from './plugin-context.ts';

/** What `health` answers: the word, or the word with its reason. */
export type HealthAnswer =
  | 'healthy'
  | 'unhealthy'
  | { readonly status: 'healthy' | 'unhealthy'; readonly reason?: string };

/** One step between two neighbouring versions of a plugin's state. */
export interface Migration {
  // Each step's input is another version's shape, which only the author knows.
  readonly up: (older: never) => unknown;
  readonly down?: (newer: never) => unknown;
}

/** How the state that `exportState` gives is versioned. */
export interface StateSettings {
  readonly version: number;
  /** Keyed by the version that `up` leads to. */
  readonly migrations?: Readonly<Record<number, Migration>>;
}

/** What a started plugin gives back: all of it optional. */
export interface RunningPlugin<Config = Readonly<Record<string, unknown>>, State = unknown> {
  health?(): MaybePromise<HealthAnswer>;
  /** Takes a new config in place. Absent, or answering `swap`: the runtime swaps instead. A throw keeps the old config. */
  configure?(next: Readonly<Config>, previous: Readonly<Config>): MaybePromise<void | 'swap'>;
  exportState?(): MaybePromise<State>;
  /** For what did not come through `ctx`. Everything else is undone without help. */
  stop?(options: { readonly signal: AbortSignal }): MaybePromise<void>;
}

/** What `definePlugin` returns: the code half of a plugin. */
export interface PluginDefinition<Config = Readonly<Record<string, unknown>>, State = unknown> {
  readonly swap?: SwapMode;
  readonly state?: StateSettings | 'lossy-cache';
  /** Registers everything and starts. A throw means that this generation never becomes ready. */
  start(ctx: PluginContext<Config>, state?: State): MaybePromise<RunningPlugin<Config, State> | void>;
}

const brand: unique symbol = Symbol.for('hotswap.plugin') as never;

/**
 * Defines a plugin: the default export of its entry module.
 *
 * @example
 * export default definePlugin<{ greeting: string }>({
 *   start(ctx) {
 *     ctx.http.get('/hello/:name', (request, { params }) => new Response(`${ctx.config.greeting} ${params.name}`));
 *   },
 * });
 */
export function definePlugin<Config = Readonly<Record<string, unknown>>, State = never>(
  definition: PluginDefinition<Config, State>,
): PluginDefinition<Config, State> {
  return noteFile(Object.defineProperty({ ...definition }, brand, { value: true }));
}

/** Whether a value came from `definePlugin` of any copy of this package, or has its shape. */
export function isPluginDefinition(value: unknown): value is PluginDefinition {
  return typeof value === 'object' && value !== null && 'start' in value && typeof value.start === 'function';
}
