import type { FailurePolicy, IsolationLevel } from '@hotswap/protocol';
import type { SignerOfPlugin } from './verification/judge.ts';
import type { LayerState } from '@hotswap/sandbox';

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
  /** Whether no signature vouches for it: then the operator does, by allowing that. */
  readonly unsigned: boolean;
  /** Whose signature vouches for it; undefined for an unsigned one. */
  readonly signer: SignerOfPlugin | undefined;
  readonly loadedAt: number | undefined;
  readonly lastReloadAt: number | undefined;
  readonly reloadCount: number;
  readonly dependencies: readonly string[];
  readonly dependents: readonly string[];
  readonly handlers: readonly string[];
  readonly tasks: readonly string[];
  /** What the ledger of the default generation still holds, by kind. */
  readonly resources: Readonly<Record<string, number>>;
  /** What it uses of the machine; absent where nobody can tell it from the host, and before the first look. */
  readonly usage?: UsageStatus;
  readonly activeRequests: number;
  /** Open WebSocket connections. */
  readonly connections: number;
  /** Whether some server hands it WebSocket connections; absent for a plugin that takes none. */
  readonly websocket?: 'available' | 'unavailable';
  /** What stands in front of it: while it is parked requests wait, else they are refused or answered in its stead. */
  readonly gate: 'unloading' | 'parked' | 'down' | undefined;
  readonly health: {
    readonly status: HealthWord;
    readonly reason: string | undefined;
    /** 0: never checked. */
    readonly checkedAt: number;
  };
  /** Whether the plugin gets calls: `open` means it gets none. Absent while nothing counts its failures. */
  readonly breaker?: 'closed' | 'open' | 'half-open';
  /** What the runtime does about it by itself. Absent where nothing does. */
  readonly recovery?: RecoveryStatus;
  readonly configSource: 'defaults' | 'file' | 'environment' | 'api';
  readonly snapshots: readonly SnapshotStatus[];
  /** The last state of it that was kept for a crash or a restart; absent while there is none. */
  readonly savedState?: SavedStateStatus;
  readonly counts: { readonly requests: number; readonly errors: number; readonly rollbacks: number };
}

/** What a plugin can use up. */
export type ResourceType = 'memory' | 'cpu' | 'threads' | 'files' | 'connections' | 'disk' | 'time' | 'network';

/** What one plugin may use; undefined: nobody has set a limit. */
export interface ResourceLimits {
  readonly memoryMB: number | undefined;
  /** Of one core. */
  readonly cpuPercent: number | undefined;
  /** Threads and processes together. */
  readonly threads: number | undefined;
  readonly files: number | undefined;
  readonly diskMB: number | undefined;
  /** Open at one time, through the way out of its sandbox. */
  readonly connections?: number | undefined;
}

/** What a plugin uses, as of one look. Undefined: it cannot be told. */
export interface UsageReading {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly memoryBytes: number | undefined;
  /** Of one core, since the look before. */
  readonly cpuPercent: number | undefined;
  /** Threads and processes together. */
  readonly threads: number | undefined;
  readonly openFiles: number | undefined;
  /** What its temp folder holds. */
  readonly diskBytes: number | undefined;
  /** Since its process began. */
  readonly networkSentBytes: number | undefined;
  readonly networkReceivedBytes: number | undefined;
  readonly diskReadBytes: number | undefined;
  readonly diskWrittenBytes: number | undefined;
}

/** What an operator may ask about the resources of one plugin. */
export interface UsageStatus extends UsageReading {
  readonly limits: ResourceLimits;
  /** What nothing on this host holds it to. */
  readonly unenforced: readonly ResourceType[];
  /** How often it went over each limit, since it was loaded. */
  readonly violations: Readonly<Partial<Record<ResourceType, number>>>;
}

/** What the runtime does by itself about a plugin that is not well. */
export interface RecoveryStatus {
  /** What requests meet while it is down. */
  readonly policy: FailurePolicy;
  /** Restarts that count against the maximum now. */
  readonly attempts: number;
  /** When the next one is due, if one is. */
  readonly nextAttemptAt: number | undefined;
  /** Given up: nothing is tried until an operator acts. */
  readonly quarantined: boolean;
  /** The id that the log tells of it under, while something is being done. */
  readonly operationId: string | undefined;
}

/** A state of a plugin that it can be rolled back to. */
export interface SnapshotStatus {
  readonly generation: number;
  readonly version: string;
  readonly digest: string;
  readonly takenAt: number;
  /** The change before which it was taken, who made it and why. */
  readonly operation: Operation;
  readonly operationId: string;
  readonly actor: string;
  readonly reason: string;
  /** Whether the plugin's state of that moment is kept with it. */
  readonly hasState: boolean;
}

/** How the state of a plugin is kept. */
export interface SavedStateStatus {
  /** When the newest state was taken that is safe now; undefined: none yet. */
  readonly savedAt: number | undefined;
  readonly schemaVersion: number;
  readonly sizeBytes: number;
  /** Why the newest state is not safe, such as a full disk. */
  readonly problem: { readonly code: string; readonly message: string } | undefined;
}

/** One change of a plugin that came to its end: who, what, when, why, and the outcome. */
export interface ChangeRecord {
  readonly operationId: string;
  readonly operation: Operation;
  /** Generations; undefined when there was none before, or none after. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly fromVersion: string | undefined;
  readonly toVersion: string | undefined;
  readonly actor: string;
  readonly reason: string;
  /** As in the report of the change; `kept` and `failed` are refusals. */
  readonly outcome: 'swapped' | 'configured' | 'unloaded' | 'kept' | 'failed';
  /** Why it was refused: the code of the error. */
  readonly code: string | undefined;
  /** When it ended, in milliseconds since the epoch. */
  readonly at: number;
  readonly durationMs: number;
}

/** What became of one plugin, newest last. */
export interface PluginHistory {
  readonly plugin: string;
  readonly changes: readonly ChangeRecord[];
  /** What it can be rolled back to. */
  readonly snapshots: readonly SnapshotStatus[];
}

/** A thread or process that could not be ended: it is abandoned, and goes on using a core and memory. */
export interface StuckThread {
  /** Empty for a spare. */
  readonly plugin: string;
  readonly generation: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly reason: string;
}

/** What an operator may ask about the threads of a runtime. */
export interface ThreadsStatus {
  /** Threads that run plugins. */
  readonly alive: number;
  /** Warm ones that wait for a plugin. */
  readonly spares: number;
  readonly stuck: readonly StuckThread[];
}

/** What an operator may ask about the processes of a runtime, or its containers. */
export interface ProcessesStatus {
  /** Processes that run plugins; several plugins may share one. */
  readonly alive: number;
  /** Warm ones that wait for a plugin. */
  readonly spares: number;
  readonly stuck: readonly StuckThread[];
}

/** What an operator may ask about a runtime as a whole. */
export interface RuntimeStatus {
  readonly enabled: boolean;
  readonly startedAt: number;
  readonly pluginDirectory: string;
  readonly activeRequests: number;
  /** Facts an operator must know, such as `allowUnsigned` being set. */
  readonly notices: readonly string[];
  readonly threads: ThreadsStatus;
  readonly processes: ProcessesStatus;
  readonly containers: ProcessesStatus;
  /** What stands between plugins at level `sandbox` and this host; undefined while there was none. */
  readonly sandbox: { readonly layers: readonly LayerState[] } | undefined;
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
  | 'rollback'
  | 'promote';
