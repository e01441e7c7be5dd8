export type { ConfinedExit, ConfinedProcess, ConfinementLimits } from './confined-process.ts';
export type { ConfinedProgram, LaunchOptions, SandboxOptions } from './launch-options.ts';
export { layerNames, type LayerName, type LayerState } from './layers.ts';
export { type ResourceUsage, unknownUsage } from './resource-usage.ts';
export { SandboxError, type SandboxErrorCode, sandboxErrors } from './errors.ts';

// For hosts that let something out: what may be reached, and the proxy for confined processes.
export { isPublicAddress } from './egress/address-rules.ts';
export { type Destination, destinationOf, entryFor, isExplicitAddress, isListed } from './egress/destination.ts';
export {
  createEgressProxy,
  type EgressCounts,
  type EgressProxy,
  type EgressProxyOptions,
  type EgressRefusal,
} from './egress/egress-proxy.ts';
