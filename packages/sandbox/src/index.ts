// For whoever runs a program that is not trusted.
export { createSandbox, type Sandbox } from './sandbox.ts';
export type { ConfinedExit, ConfinedProcess, ConfinementLimits } from './confined-process.ts';
export type { ConfinedProgram, LaunchOptions, SandboxOptions } from './launch-options.ts';
export { layerNames, type LayerName, type LayerState } from './layers.ts';
export { type ResourceUsage, unknownUsage } from './resource-usage.ts';
export { SandboxError, type SandboxErrorCode, sandboxErrors } from './errors.ts';

// For hosts that let something out: the proxy for confined processes.
export type { Resolve } from './egress/checked-addresses.ts';
export type { SocketTraffic } from './egress/checked-dispatcher.ts';
export {
  createEgressProxy,
  type EgressCounts,
  type EgressProxy,
  type EgressProxyOptions,
} from './egress/egress-proxy.ts';
export type { EgressRefusal } from './egress/refusal.ts';
export type { EgressLimits } from './egress/tunnel.ts';

// For whoever runs whole images: containers of Podman or Docker, by their commands.
export {
  ContainerEngine,
  type ContainerEngineOptions,
  type ContainerLaunchOptions,
  type EngineReport,
} from './containers/container-engine.ts';
export type { ContainerImage, ImageStore } from './containers/images/image-store.ts';
export type { ContainerMount } from './containers/run-arguments.ts';
