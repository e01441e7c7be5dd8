import type { IsolationLevel } from '@hotswap/protocol';

/** What the outside sees of a plugin; derived from its default generation. */
export type PublicState = 'loading' | 'active' | 'reloading' | 'unloading' | 'failed' | 'disabled';

/** `unknown`: never checked. */
export type HealthWord = 'healthy' | 'unhealthy' | 'unknown';

/** One generation of a plugin that still exists. */
export interface GenerationStatus {
  readonly number: number;
  readonly version: string;
  readonly digest: string;
  readonly state: string;
  readonly activeRequests: number;
  readonly startedAt: number;
}

/** Everything an operator may ask about one plugin. Moments are milliseconds since the epoch. */
export interface PluginStatus {
  readonly name: string;
  readonly state: PublicState;
  /** Why it is in this state: a code, and a sentence for people. */
  readonly reason: { readonly code: string; readonly message: string } | undefined;
  readonly version: string | undefined;
  readonly generation: number | undefined;
  readonly generations: readonly GenerationStatus[];
  readonly kinds: readonly string[];
  readonly origin: string | undefined;
  readonly isolation: IsolationLevel;
  /** Isolation layers that could not be had on this host. */
  readonly missingLayers: readonly string[];
  readonly unsigned: boolean;
  readonly loadedAt: number | undefined;
  readonly lastReloadAt: number | undefined;
  readonly reloadCount: number;
  readonly dependencies: readonly string[];
  readonly dependents: readonly string[];
  readonly handlers: readonly string[];
  readonly tasks: readonly string[];
  /** What the ledger of the default generation still holds, by kind. */
  readonly resources: Readonly<Record<string, number>>;
  readonly activeRequests: number;
  readonly health: {
    readonly status: HealthWord;
    readonly reason: string | undefined;
    /** 0: never checked. */
    readonly checkedAt: number;
  };
  /** Whether the plugin gets calls: `open` means it gets none. Absent while nothing counts its failures. */
  readonly breaker?: 'closed' | 'open' | 'half-open';
  readonly configSource: 'defaults' | 'file' | 'environment' | 'api';
  readonly snapshots: readonly SnapshotStatus[];
  readonly counts: { readonly requests: number; readonly errors: number; readonly rollbacks: number };
}

/** A state of a plugin that it can be rolled back to. */
export interface SnapshotStatus {
  readonly generation: number;
  readonly version: string;
  readonly digest: string;
  readonly takenAt: number;
  readonly reason: string;
}

/** What an operator may ask about a runtime as a whole. */
export interface RuntimeStatus {
  readonly enabled: boolean;
  readonly startedAt: number;
  readonly pluginDirectory: string;
  readonly activeRequests: number;
  /** Facts an operator must know, such as `allowUnsigned` being set. */
  readonly notices: readonly string[];
  readonly plugins: readonly PluginStatus[];
}

/** The verbs that end in a new or an earlier generation. */
export type Operation =
  | 'load'
  | 'unload'
  | 'reload'
  | 'swap'
  | 'configure'
  | 'enable'
  | 'disable'
  | 'restart'
  | 'rollback';
