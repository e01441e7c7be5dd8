import type { IsolationLevel, PluginManifest } from '@hotswap/protocol';
import type { LayerState } from '@hotswap/sandbox';
import type { ResourceLimits, ResourceType } from '../status.ts';

/** What operators set for every plugin. */
export interface OperatorLimits {
  readonly maxMemoryMB: number;
  readonly maxCPUPercent: number;
  readonly maxThreads: number | undefined;
  readonly maxFileHandles: number | undefined;
  readonly maxNetworkConns?: number | undefined;
}

/** Of the temp folder of a confined plugin. */
const tempFolderMB = 64;

/** Of the plugin's limit and the operator's the smaller one holds. Pure. */
export function resourceLimitsOf({ limits = {} }: PluginManifest, operator: OperatorLimits): ResourceLimits {
  return {
    memoryMB: Math.min(limits.maxMemoryMB ?? Infinity, operator.maxMemoryMB),
    cpuPercent: Math.min(limits.maxCPUPercent ?? Infinity, operator.maxCPUPercent),
    threads: operator.maxThreads,
    files: operator.maxFileHandles,
    diskMB: tempFolderMB,
    connections: operator.maxNetworkConns,
  };
}

const everyResource: readonly ResourceType[] = ['memory', 'cpu', 'threads', 'files', 'disk', 'network', 'time'];
/** What a thread is held to: its heap is polled, and a loop that stands still is ended. */
const heldInThreads: readonly ResourceType[] = ['memory', 'time'];
/** What holds each of them in a confined process. */
const heldByLayer = {
  cgroup: ['memory', 'cpu', 'threads'],
  rlimits: ['files'],
  'temp-folder': ['disk'],
  namespaces: ['network'],
} as const satisfies Partial<Record<LayerState['layer'], readonly ResourceType[]>>;

/**
 * The resources that nothing on this host holds a plugin to: they are measured and told, where that is possible, and
 * that is all. Pure.
 */
export function unenforcedAt(level: IsolationLevel, layers: readonly LayerState[]): readonly ResourceType[] {
  const held: ResourceType[] = [];
  if (level === 'basic') held.push('time');
  if (level === 'strict') held.push(...heldInThreads);
  if (level === 'sandbox' || level === 'container') {
    held.push('time');
    for (const { layer, status } of layers) {
      if (status === 'used' && layer in heldByLayer) held.push(...heldByLayer[layer as keyof typeof heldByLayer]);
    }
  }
  return everyResource.filter((resource) => !held.includes(resource));
}
