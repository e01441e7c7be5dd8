import type { LayerState } from '@hotswap/sandbox';
import { requiredBy } from '../roster.ts';
import type { Isolate } from '../../isolation/isolate.ts';
import type { PluginSlot } from '../../plugin/plugin-slot.ts';
import { registrationLabels } from '../../registration-label.ts';
import type { PluginStatus } from '../../status.ts';
import { hasSockets } from '../../http/websocket/unserved-sockets.ts';

/** What a slot alone does not know. */
export interface StatusContext {
  /** Names of the plugins that need it. */
  readonly dependents: readonly string[];
  /** The host's end of its WebSocket connections. */
  readonly sockets: { count(plugin: string): number; readonly isAvailable: boolean };
  readonly recovery: Pick<PluginStatus, 'breaker' | 'recovery'>;
  readonly savedState: PluginStatus['savedState'];
  readonly usage: PluginStatus['usage'];
}

/** Everything an operator may ask about one plugin, computed from its slot. */
export function statusOf(slot: PluginSlot, context: StatusContext): PluginStatus {
  const { dependents, recovery, sockets, savedState, usage } = context;
  const { current, failure, wish } = slot;
  const manifest = current?.artifact.manifest;
  const signer = current?.artifact.verification?.signer;
  const generations = [...slot.generations.values()];
  return {
    name: slot.name,
    state: slot.publicState,
    reason: reasonOf(slot),
    version: manifest?.version,
    generation: current?.number,
    generations: generations.map((generation) => ({
      number: generation.number,
      version: generation.artifact.manifest.version,
      digest: generation.artifact.digest,
      state: generation.state,
      activeRequests: generation.leases.count,
      startedAt: generation.startedAt,
    })),
    kinds: manifest?.kinds ?? [],
    origin:
      current?.artifact.origin ??
      (typeof wish.source === 'object' && 'name' in wish.source ? 'memory' : String(wish.source)),
    isolation: current?.isolate.level ?? wish.isolation ?? 'basic',
    missingLayers: missingLayersOf(current?.isolate ?? { level: wish.isolation ?? 'basic' }),
    unsigned: signer === undefined,
    signer,
    loadedAt: slot.loadedAt,
    lastReloadAt: slot.lastReloadAt,
    reloadCount: slot.reloadCount,
    dependencies: current ? requiredBy(slot) : [],
    dependents,
    ...registrationLabels(current?.registrations ?? []),
    resources: current?.isolate.resources() ?? {},
    ...(usage && { usage }),
    activeRequests: generations.reduce((sum, { leases }) => sum + leases.count, 0),
    connections: sockets.count(slot.name),
    ...(hasSockets(slot) && { websocket: sockets.isAvailable ? 'available' : 'unavailable' }),
    gate: slot.gate?.reason,
    health: failure ? { ...slot.health, status: 'unhealthy', reason: failure.message } : slot.health,
    ...recovery,
    configSource: wish.configSource,
    snapshots: slot.history.status(),
    ...(savedState && { savedState }),
    counts: {
      requests: generations.reduce((sum, { requests }) => sum + requests, slot.past.requests),
      errors: generations.reduce((sum, { errors }) => sum + errors, slot.past.errors),
      rollbacks: Object.values(slot.rollbacks).reduce((sum, count) => sum + count, 0),
    },
  };
}

function reasonOf({ failure, needs }: PluginSlot): PluginStatus['reason'] {
  if (needs?.isInstalled === true) {
    return { code: 'WaitingForDependency', message: `it waits for plugin ${needs.plugin} to become active` };
  }
  return failure && { code: failure.code, message: failure.message };
}

/** What a level does not enforce on this host, by name: said, so that nobody takes it for granted. */
function missingLayersOf(isolate: Pick<Isolate, 'level' | 'unconfined' | 'layers'>): readonly string[] {
  const { level, unconfined } = isolate;
  if (unconfined !== undefined) return ['memory limit', 'CPU limit', 'files', 'network', 'other processes'];
  const inThisProcess = ['CPU limit', 'files', 'network outside ctx.fetch', 'environment'];
  if (level === 'strict') return inThisProcess;
  return level === 'none' || level === 'basic'
    ? ['memory limit', ...inThisProcess]
    : unusedLayers(isolate.layers?.() ?? []);
}

function unusedLayers(layers: readonly LayerState[]): readonly string[] {
  return layers.filter(({ status }) => status !== 'used').map(({ layer }) => layer);
}
