// For hosts: the runtime.
export { createRuntime } from './runtime.ts';
export type { MountedManagement, Runtime } from './runtime.ts';
export type { RuntimeLimits, RuntimeOptions, Transition, TransitionHooks } from './runtime-options.ts';
export type { MethodInvoker } from './calls.ts';
export type { CallOptions } from './plugin/plugin-call.ts';
export type { PluginSource, InMemoryPlugin } from './loading/plugin-source.ts';
export { extensionPoint } from '@hotswap/sdk';

// For operators' tools: what changed and what there is.
export type { ChangeOptions, LoadOptions, Plan, PluginVerbs } from './verbs/plugin-verbs.ts';
export type { Operation, SwapReport, SwapStep } from './swap/swap-report.ts';
export type { GenerationStatus, HealthWord, PluginStatus, PublicState, RuntimeStatus, SnapshotStatus } from './status.ts';
export { reportError } from './swap/swap-report.ts';
export { packPlugin } from './loading/pack.ts';

// For servers: configuration.
export { parseRuntimeConfig } from './config/runtime-config.ts';
export type { ParsedConfig, ParseOptions, RuntimeConfig } from './config/runtime-config.ts';
export { formatOf, readConfigDocument } from './config/document/config-document.ts';
export { plainEntry } from './config/plugin-entry.ts';
export { planConfigChange } from './config/config-diff.ts';
export type { ConfigOperation, ConfigPlan, KnownPlugin } from './config/config-diff.ts';
export { watchConfig } from './config/watching/config-watcher.ts';
export { watchSources } from './config/watching/source-watcher.ts';
export { createSystemClock } from './host-services/system-clock.ts';

// For servers: management.
export { ensureToken } from './management/token.ts';
export type { ManagementToken } from './management/token.ts';
export type { ManagementOptions } from './management/management.ts';
export { createLogger } from './host-services/logging/create-logger.ts';
export type { HostLogger } from './host-services/logging/create-logger.ts';
