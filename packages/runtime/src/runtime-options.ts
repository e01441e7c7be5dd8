import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { messageOf, type IsolationLevel } from '@hotswap/protocol';
import type { LayerName } from '@hotswap/sandbox';
import { formatOf } from './config/document/config-document.ts';
import type { SecurityConfig } from './config/plugins-config.ts';
import { parseRuntimeConfig, type RuntimeConfig } from './config/runtime-config.ts';
import type { Escalation } from './recovery/recovery-parts.ts';
import type { HostClock } from './host-services/system-clock.ts';
import type { HostLogger } from './host-services/logging/create-logger.ts';
import type { IdentifyRequest } from './http/handle-request.ts';
import type { Dialect } from './isolation/dialect.ts';
import { defaultWatchRules, type WatchRules } from './swap/probation/verdict.ts';
import type { PublicState } from './status.ts';
import { allowanceOf, unlimited, type PluginAllowance } from './verbs/check-limits.ts';
import type { SignaturePolicy } from './verification/judge.ts';
import { fail } from './errors.ts';

/** A move of a plugin from one public state to another. */
export interface Transition {
  readonly plugin: string;
  readonly from: PublicState;
  readonly to: PublicState;
  readonly reason: string;
  readonly at: number;
}

/** What a host may do around a transition; each has 5 s. */
export interface TransitionHooks {
  /** Runs before a change begins. A throw, or the time running out, vetoes it with TRANSITION_VETOED. */
  readonly before?: (transition: Omit<Transition, 'at'>) => void | Promise<void>;
  /** Runs after. A throw is logged. */
  readonly after?: (transition: Transition) => void | Promise<void>;
}

/** Limits in milliseconds; each stands for the config key of the same name. */
export interface RuntimeLimits {
  /** Load, start and each health check of a candidate; default 30,000. */
  readonly loadTimeoutMs: number;
  /** How long requests may finish after a swap; default 60,000. */
  readonly drainTimeoutMs: number;
  /** Default 30,000. */
  readonly shutdownTimeoutMs: number;
  /** One call of a handler; default 30,000. Not counted at level `none`. */
  readonly callTimeoutMs: number;
  /** How long cancelled requests may take to heed their signal; default 100. */
  readonly graceMs: number;
  /** How long a replaced generation is kept warm; default 60,000. 0: not at all. */
  readonly probationMs: number;
  /** How often a new generation is probed meanwhile; default 1,000. */
  readonly probeMs: number;
  /** Default 30,000. */
  readonly healthIntervalMs: number;
  /** Snapshots kept for each plugin; default 10. */
  readonly maxSnapshots: number;
  /** How often the state of a plugin that has answered something is kept for a crash; default 30,000. 0: not at all. */
  readonly snapshotIntervalMs: number;
  /** How long a request waits for a plugin that starts or changes hands; default 5,000. */
  readonly parkTimeoutMs: number;
  /** Requests that wait for one plugin at most; default 1,000. */
  readonly maxParked: number;
  /** How often what plugins use is held against their limits; default 5,000. */
  readonly usageIntervalMs: number;
  /** Warm threads that wait for `strict` plugins, and processes for `sandbox` ones, once there was one; default 1 each. */
  readonly spares: number;
}

/** Options of `createRuntime`. Everything has a default; options outrank the config file. */
export interface RuntimeOptions {
  /** Folder of plugins: each folder, `.ts`/`.js` file and `.tgz` in it is one. Default: none but the config's. */
  readonly plugins?: string;
  /** Whether saved sources of that folder are swapped in at once; default false. */
  readonly watch?: boolean;
  /** Path of a TOML, YAML or JSON file, or a config that was read already. Default: none. */
  readonly config?: string | RuntimeConfig;
  /** Folder for what must outlive the process. Default: nothing is kept, storage is in memory. */
  readonly data?: string;
  /** Further folders that management may load plugins from. Default: the plugin directory and the config's sources. */
  readonly pluginRoots?: readonly string[];
  /** Isolation for every plugin that the config names no level for. Default: what each plugin asks for. */
  readonly isolation?: IsolationLevel;
  /** How to run plugins that are programs of their own, such as `grpcDialect()` of `@hotswap/polyglot`. Default: not at all. */
  readonly dialects?: readonly Dialect[];
  /** Layers of level `sandbox` that may be missing on this host. Default: what the config allows, else none. */
  readonly allowMissing?: readonly LayerName[];
  readonly limits?: Partial<RuntimeLimits>;
  /** When a new generation must give way; default: see `WatchRules`. */
  readonly watchRules?: Partial<WatchRules>;
  /** Secrets by name: `env:VARIABLE`, `file:PATH` or the value itself. Default: the config's `[secrets]`. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** pino, or what has its methods. Default: warnings and errors to stderr, as JSON. */
  readonly log?: HostLogger;
  readonly hooks?: TransitionHooks;
  /** Called when recovery gives a plugin up and an operator must act. A throw is logged. */
  readonly onEscalation?: (escalation: Escalation) => void | Promise<void>;
  /** Who a request belongs to, for tenants and shares. Default: nobody in particular. */
  readonly identify?: IdentifyRequest;
  /** What operators must know of the host, in sentences; shown in the log and in status. */
  readonly notices?: readonly string[];
  /** Copies and freezes what passes between plugins in this thread, to expose what isolation would. Default false. */
  readonly copyValues?: boolean;
  /** Prefix of the metrics; default `hotswap`. */
  readonly metricsPrefix?: string;
  /** The time of everything that waits; default: the machine's. Tests move one by hand. */
  readonly clock?: HostClock;
  /** Takes forgotten promises and stray errors of plugins at levels `none` and `basic`. Default true. */
  readonly guardProcess?: boolean;
  /** Default `process.env`. Only names that begin with `HOTSWAP_` are read, and what `[secrets]` points at. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** Options and config brought together. */
export interface RuntimeSettings {
  readonly config: RuntimeConfig;
  readonly directory: string | undefined;
  readonly data: string | undefined;
  readonly isolation: IsolationLevel | undefined;
  readonly signatures: SignaturePolicy;
  readonly allowMissing: readonly LayerName[];
  readonly limits: RuntimeLimits;
  /** The most that a manifest may ask for. */
  readonly mostAllowed: PluginAllowance;
  readonly watchRules: WatchRules;
  /** The share of a limit from which on an operator is warned. */
  readonly warnAt: number;
  /** What a plugin meets that goes over a limit which nothing else holds it to. */
  readonly onViolation: 'alert' | 'restart';
  /** What an operator must know, in sentences. */
  readonly notices: readonly string[];
}

/**
 * Reads the config if it is a path, and lays the options over it.
 *
 * @throws CONFIG_SYNTAX, CONFIG_INVALID, CONFIG_UNREADABLE
 */
export function resolveSettings(options: RuntimeOptions): RuntimeSettings {
  const env = options.environment ?? process.env;
  const isConfigured = options.config !== undefined;
  const config = readConfig(options.config, env);
  const { plugins } = config;
  const ofConfig = isConfigured ? config.notices : ['signatures are not verified: no config file was given'];
  const notices = [...ofConfig, ...(options.notices ?? [])];
  return {
    config,
    directory:
      options.plugins === undefined ? (isConfigured ? plugins.directory : undefined) : resolve(options.plugins),
    data: options.data ?? (isConfigured ? config.server.data : undefined),
    isolation: options.isolation,
    signatures: isConfigured ? policyOf(plugins.security) : 'off',
    allowMissing: options.allowMissing ?? plugins.security.allowMissing,
    limits: {
      loadTimeoutMs: plugins.loadTimeoutMs,
      drainTimeoutMs: plugins.drainTimeoutMs,
      shutdownTimeoutMs: plugins.shutdownTimeoutMs,
      callTimeoutMs: plugins.callTimeoutMs,
      graceMs: 100,
      probationMs: plugins.probationMs,
      probeMs: 1_000,
      healthIntervalMs: plugins.healthIntervalMs,
      maxSnapshots: plugins.maxSnapshots,
      snapshotIntervalMs: plugins.snapshotIntervalMs,
      parkTimeoutMs: plugins.parkTimeoutMs,
      maxParked: plugins.maxParked,
      usageIntervalMs: plugins.usageIntervalMs,
      spares: plugins.spares,
      ...options.limits,
    },
    mostAllowed: isConfigured ? allowanceOf(config) : unlimited,
    watchRules: { ...defaultWatchRules, ...options.watchRules },
    warnAt: plugins.security.warnAtPercent / 100,
    onViolation: plugins.security.onViolation,
    notices,
  };
}

/** Without a config file the host's own program chose the plugins: that is its operator's word for them. */
function policyOf({ verifySignatures, allowUnsigned }: SecurityConfig): SignaturePolicy {
  if (!verifySignatures) return 'off';
  return allowUnsigned ? 'optional' : 'required';
}

function readConfig(
  given: string | RuntimeConfig | undefined,
  env: Readonly<Record<string, string | undefined>>,
): RuntimeConfig {
  if (typeof given === 'object') return given;
  const cwd = process.cwd();
  if (given === undefined) return parseRuntimeConfig('', { format: 'toml', file: 'hotswap.toml', env: {}, cwd }).config;
  const file = resolve(given);
  return parseRuntimeConfig(readConfigText(file), { format: formatOf(file), file, env, cwd }).config;
}

/** Read at once and not in the background: a host without its config has nothing else to do. */
function readConfigText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw fail('CONFIG_UNREADABLE', { file, reason: messageOf(error) }, { cause: error });
  }
}

/** Where the storage of the plugins lies inside the data folder; undefined where there is none. */
export function storageFile(data: string | undefined): string | undefined {
  return data === undefined ? undefined : join(data, 'storage.sqlite');
}
