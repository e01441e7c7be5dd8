// What the management endpoints answer. The names are those of the wire; the fields a command does not read are
// left out here and still appear in its `--json`.
import type { WireError } from '@hotswap/protocol';
import type { HealthWord, Operation, PublicState, SwapReport } from '@hotswap/runtime';

/** One plugin's health, as `GET /plugins/list` and `/plugins/health` give it. */
export interface HealthAnswer {
  readonly status: HealthWord;
  readonly state: PublicState;
  /** Seconds since the epoch; 0: never. */
  readonly last_check: number;
  readonly checks: { readonly active_requests: number };
}

/** What a plugin uses; `null`: it cannot be told, or nobody has set a limit. */
export interface UsageAnswer {
  readonly at: number;
  readonly memory_bytes: number | null;
  /** Of one core. */
  readonly cpu_percent: number | null;
  readonly threads: number | null;
  readonly open_files: number | null;
  readonly disk_bytes: number | null;
  readonly network_sent_bytes: number | null;
  readonly network_received_bytes: number | null;
  readonly limits: {
    readonly memory_mb: number | null;
    readonly cpu_percent: number | null;
    readonly threads: number | null;
    readonly files: number | null;
    readonly disk_mb: number | null;
  };
  /** What nothing on the server's host holds the plugin to. */
  readonly unenforced: readonly string[];
  /** How often it went over each limit. */
  readonly violations: Readonly<Record<string, number>>;
}

/** `GET /plugins/list`. */
export interface PluginList {
  readonly plugins: readonly {
    readonly name: string;
    readonly status: PublicState;
    readonly version?: string | null;
    readonly generation?: number | null;
    readonly isolation?: string;
    readonly missing_layers?: readonly string[];
    readonly usage?: UsageAnswer | null;
    readonly health: HealthAnswer;
  }[];
  readonly total_count: number;
}

/** `GET /plugins/status`. */
export interface SystemStatus {
  readonly plugin_system: {
    readonly enabled: boolean;
    readonly total_plugins: number;
    readonly active_plugins: number;
    readonly plugin_dir: string;
    readonly active_requests: number;
  };
  readonly health_status: { readonly overall_status: string };
  readonly uptime: string;
  readonly notices?: readonly string[];
}

/** `GET /plugins/{name}`. Moments are seconds since the epoch. */
export interface PluginDetails {
  readonly name: string;
  readonly state: PublicState;
  readonly reason?: { readonly code: string; readonly message: string } | null;
  readonly version?: string | null;
  readonly generation?: number | null;
  readonly generations?: readonly { readonly number: number; readonly version: string; readonly state: string }[];
  readonly load_time?: number;
  readonly last_reload?: number;
  readonly reload_count?: number;
  readonly dependencies?: readonly string[];
  readonly dependents?: readonly string[];
  readonly handlers?: readonly string[];
  readonly tasks?: readonly string[];
  readonly resources?: Readonly<Record<string, number>>;
  readonly isolation?: string;
  readonly missing_layers?: readonly string[];
  readonly usage?: UsageAnswer | null;
  readonly signer?: { readonly name: string; readonly key_id: string } | null;
  readonly health?: HealthAnswer;
  readonly breaker?: 'closed' | 'open' | 'half-open' | null;
  readonly recovery?: {
    readonly policy: string;
    readonly attempts: number;
    readonly next_attempt: number | null;
    readonly quarantined: boolean;
    readonly operation_id: string | null;
  } | null;
  readonly active_requests?: number;
  readonly connections?: number;
  readonly websocket?: 'available' | 'unavailable' | null;
  readonly snapshots?: readonly { readonly generation: number; readonly version: string; readonly reason: string }[];
  readonly saved_state?: {
    readonly saved_at: number | null;
    readonly size_bytes: number;
    readonly problem: { readonly code: string; readonly message: string } | null;
  } | null;
}

/** What a change answers: the word of the verb, and the report where the server gives one. */
export interface ChangeAnswer {
  readonly status: string;
  readonly message?: string;
  readonly report?: SwapReport;
  readonly reason?: WireError;
}

/** `GET /plugins/{name}/history`, newest first. Moments are seconds since the epoch. */
export interface HistoryAnswer {
  readonly plugin: string;
  readonly changes: readonly {
    readonly at: number;
    readonly operation: Operation;
    readonly operation_id: string;
    readonly from: number | null;
    readonly to: number | null;
    readonly from_version: string | null;
    readonly to_version: string | null;
    readonly actor: string;
    readonly reason: string;
    readonly outcome: SwapReport['outcome'];
    /** Why it was refused. */
    readonly code: string | null;
  }[];
  readonly snapshots: readonly {
    readonly generation: number;
    readonly version: string;
    readonly operation_id: string;
    readonly has_state: boolean;
  }[];
}

/** `GET /plugins/config?plugin=NAME`. */
export interface ConfigAnswer {
  readonly plugin: string;
  readonly config: Readonly<Record<string, unknown>>;
}
