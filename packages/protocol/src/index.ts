// For everyone: errors.
export { CodedError, defineErrors, errorKinds, isCodedError, messageOf } from './coded-error.ts';
export type { ErrorDetails, ErrorEntry, ErrorKind, Fail, WireError } from './coded-error.ts';

// For hosts and tools: what a plugin declares.
export { hotswapVersion, reservedNames } from './manifest.ts';
export { manifestSchema, pluginNamePattern } from './manifest-schema.ts';
export type {
  Capabilities,
  DependencySpec,
  ExecutableField,
  HealthSettings,
  HotswapField,
  IsolationLevel,
  JsonSchema,
  PluginLimits,
  PluginManifest,
  SwapMode,
} from './manifest.ts';
export type { BackoffStrategy, FailurePolicy, FallbackAction, RecoverySettings } from './manifest-recovery.ts';

// For isolates: what a running plugin registers.
export type { Priority, Registration, RegistrationOf, RouteMethod } from './registration.ts';

// For isolates: state on its way between generations.
export type { ExportedState } from './state.ts';

// For config readers: durations and sizes.
export { parseDuration, parseSize } from './units.ts';
