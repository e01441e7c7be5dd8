export type { ConfinedExit, ConfinedProcess, ConfinementLimits } from './confined-process.ts';
export type { ConfinedProgram, LaunchOptions, SandboxOptions } from './launch-options.ts';
export { layerNames, type LayerName, type LayerState } from './layers.ts';
export { type ResourceUsage, unknownUsage } from './resource-usage.ts';
export { SandboxError, type SandboxErrorCode, sandboxErrors } from './errors.ts';
