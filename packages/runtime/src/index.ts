// For hosts: the runtime.
export { createRuntime } from './runtime.ts';
export type { MountedManagement, Runtime } from './runtime.ts';
export type { Escalation } from './recovery/recovery-parts.ts';
export type { RuntimeLimits, RuntimeOptions, Transition, TransitionHooks } from './runtime-options.ts';
export type { MethodInvoker } from './calls.ts';
export type { CallOptions } from './plugin/plugin-call.ts';
export type { PluginSource, InMemoryPlugin } from './loading/plugin-source.ts';
export type { HostHandler, HostListenerOptions, HttpFace } from './http/http-face.ts';
export type { ServiceFace } from './service-face.ts';
export type { AttachedSockets } from './http/websocket/attach-sockets.ts';
export type { WebSocketServerOptions } from './http/websocket/socket-options.ts';
export { listen } from './http/listen.ts';
export type { ListeningServer, ListenOptions } from './http/listen.ts';
export type { NodeListener } from './http/node-listener.ts';
export { extensionPoint } from '@hotswap/sdk';

// For operators' tools: what changed and what there is.
export type { ChangeOptions, LoadOptions, Plan, PluginVerbs, RollbackOptions } from './verbs/plugin-verbs.ts';
export type { SwapReport, SwapStep } from './swap/swap-report.ts';
export type {
  ChangeRecord,
  GenerationStatus,
  HealthWord,
  Operation,
  PluginHistory,
  PluginStatus,
  PublicState,
  RecoveryStatus,
  RuntimeStatus,
  SavedStateStatus,
  SnapshotStatus,
} from './status.ts';
export { reportError } from './swap/swap-report.ts';
export type { Check, CheckLevel, DiagnoseOptions, Diagnosis, HeldResources } from './diagnosis/diagnosis.ts';
export type { LeakedGeneration, LeakReport } from './diagnosis/leak-search.ts';
export type { LeakReason } from './diagnosis/explain-retainer.ts';
export { packPlugin } from './loading/pack.ts';

// For operators' tools: who signed a plugin, and who is trusted.
export { signPlugin } from './verification/signing/sign-plugin.ts';
export type { SignedPlugin, SigningOptions } from './verification/signing/sign-plugin.ts';
export { inspectPlugin } from './verification/signing/inspect-plugin.ts';
export type { InspectedCheck, Inspection } from './verification/signing/inspect-plugin.ts';
export { makeSigningKey } from './verification/signing/make-keys.ts';
export type { KeyPair } from './verification/signing/make-keys.ts';
export { editTrust, readTrust, trustFile } from './verification/trust-file.ts';
export { trustedSigner, withoutSigner, withRevoked, withSigner } from './verification/trust.ts';
export type { Revocation, Trust, TrustedSigner } from './verification/trust.ts';
export type { SignerOfPlugin } from './verification/judge.ts';

// For dialects: plugins that are programs of their own.
export type { Dialect, DialectRequest } from './isolation/dialect.ts';
export type { EndFailure, Isolate, IsolateStart, PluginTraits } from './isolation/isolate.ts';
export type { GuestHandler } from './guest/guest-host.ts';
export { readFolderContent } from './loading/executable-artifact.ts';
export { readRegistration } from './isolation/remote/read-registration.ts';

// For servers: configuration, and what to watch.
export { formatOf, readConfigDocument } from './config/document/config-document.ts';
export { parseRuntimeConfig } from './config/runtime-config.ts';
export type { ParsedConfig, ParseOptions, RuntimeConfig } from './config/runtime-config.ts';
export { plainEntry } from './config/plugin-entry.ts';
export type { PluginEntry } from './config/plugin-entry.ts';
export { readDesiredState } from './config/desired/desired-state.ts';
export { listOverrides } from './config/desired/overrides.ts';
export type { ConfigOverride } from './config/desired/overrides.ts';
export { writeBack } from './config/desired/write-back.ts';
export { watchConfig } from './config/watching/config-watcher.ts';
export { followSources } from './config/watching/follow-sources.ts';
export type { FollowSourcesOptions } from './config/watching/follow-sources.ts';
export type { ConfigUpdate } from './verbs/update-config.ts';

// For servers: management, log and clock.
export { ensureToken } from './management/token.ts';
export type { ManagementToken } from './management/token.ts';
export type { ManagementOptions } from './management/management.ts';
export { createLogger } from './host-services/logging/create-logger.ts';
export type { HostLogger } from './host-services/logging/create-logger.ts';
export { createSystemClock } from './host-services/system-clock.ts';
export type { HostClock } from './host-services/system-clock.ts';
