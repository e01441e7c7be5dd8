import type { IsolationLevel } from '@hotswap/protocol';
import type { PluginSource } from '../loading/plugin-source.ts';
import type { SwapReport } from '../swap/swap-report.ts';
import type { Operation } from '../status.ts';

/** Who asked for a change and why; kept in history and logs. */
export interface ChangeOptions {
  readonly actor?: string;
  readonly reason?: string;
  readonly signal?: AbortSignal;
  /** The id under which report and log tell of it; default: a new one. */
  readonly operationId?: string;
  /** `published`: resolve as soon as the new generation serves. Default `drained`: when the old one has let go too. */
  readonly wait?: 'published' | 'drained';
}

/** What a load or a swap may bring along. */
export interface LoadOptions extends ChangeOptions {
  readonly config?: Readonly<Record<string, unknown>>;
}

/** What a way back may cost. */
export interface RollbackOptions extends ChangeOptions {
  /** Also where no migration leads down: writes since the change are lost, and the report counts them. Default false. */
  readonly force?: boolean;
}

/** What a change would touch, before it is made. */
export interface Plan {
  readonly operation: Operation;
  readonly plugin: string;
  /** Plugins in the order in which they would change. */
  readonly steps: readonly { readonly plugin: string; readonly action: string; readonly reason: string }[];
  /** Why it would be refused; empty when it would be tried. */
  readonly problems: readonly { readonly code: string; readonly message: string }[];
}

/** The verbs of a runtime. Changes of one plugin are serialised, of different plugins run in parallel. */
export interface PluginVerbs {
  load(source: PluginSource, options?: LoadOptions): Promise<SwapReport>;
  unload(plugin: string, options?: ChangeOptions & { readonly cascade?: boolean }): Promise<SwapReport>;
  /** Same source, new generation. */
  reload(plugin: string, options?: ChangeOptions): Promise<SwapReport>;
  /** New source, and a new config if given. */
  swap(plugin: string, source: PluginSource, options?: LoadOptions): Promise<SwapReport>;
  /** Replaces the whole config; defaults are filled in. */
  configure(plugin: string, config: Readonly<Record<string, unknown>>, options?: ChangeOptions): Promise<SwapReport>;
  enable(plugin: string, options?: ChangeOptions): Promise<SwapReport>;
  disable(plugin: string, options?: ChangeOptions): Promise<SwapReport>;
  /** A new generation of the artifact that is loaded, also when the plugin has failed. */
  restart(plugin: string, options?: ChangeOptions): Promise<SwapReport>;
  /** Back to the snapshot before the current one. */
  rollback(plugin: string, options?: RollbackOptions): Promise<SwapReport>;
  /** Another isolation level for the code and config it has, by a swap that carries its state; holds over a restart. */
  promote(plugin: string, level: IsolationLevel, options?: ChangeOptions): Promise<SwapReport>;
  plan(
    operation: Operation,
    plugin: string,
    options?: { readonly source?: PluginSource; readonly cascade?: boolean },
  ): Promise<Plan>;
}
