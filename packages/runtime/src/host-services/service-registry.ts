import type { Capabilities } from '@hotswap/protocol';
import type { SocketTraffic } from '@hotswap/sandbox';
import { EventBus } from './event-bus.ts';
import { ExtensionPoints } from './extension-points.ts';
import { generationEnded } from './generation-ended.ts';
import type { HostServices } from './host-services.ts';
import type { HostLogger } from './logging/create-logger.ts';
import { createPluginLogger } from './logging/plugin-logger.ts';
import { PluginMetrics } from './metrics/plugin-metrics.ts';
import { RuntimeMetrics } from './metrics/runtime-metrics.ts';
import { PluginConnections } from './network/plugin-connections.ts';
import { createPluginFetch } from './network/plugin-fetch.ts';
import { createSecrets } from './secrets.ts';
import type { SecretResolver } from './secrets.ts';
import { ServiceDirectory } from './service-directory.ts';
import { createPluginStorage } from './storage/plugin-storage.ts';
import { openNamespace } from './storage/storage-backend.ts';
import type { NamespaceStore, StorageBackend } from './storage/storage-backend.ts';
import { endingClock } from './system-clock.ts';
import type { HostClock } from './system-clock.ts';
import { TaskScheduler } from './task-scheduler.ts';

/** What the services of one runtime stand on. */
export interface HostServicesParts {
  readonly clock: HostClock;
  readonly log: HostLogger;
  readonly storage: StorageBackend;
  readonly secrets: SecretResolver;
  /** Values between plugins are copied and frozen, as at an isolation boundary: for development and conformance. */
  readonly copyValues?: boolean;
  /** First part of the metrics' names; default `hotswap`. */
  readonly metricsPrefix?: string;
}

/** The services of one runtime, made once and shared by all generations. */
export interface HostServicesCore extends HostServicesParts {
  readonly events: EventBus;
  readonly tasks: TaskScheduler;
  readonly services: ServiceDirectory;
  readonly extensions: ExtensionPoints;
  readonly metrics: PluginMetrics;
  readonly runtimeMetrics: RuntimeMetrics;
}

/** Which generation is served, as the host knows it: nothing here comes from a guest's message. */
export interface ServiceIdentity {
  readonly plugin: string;
  readonly version: string;
  readonly generation: number;
  readonly tenant?: string | undefined;
  readonly capabilities: Capabilities;
  /** How long a call of another plugin's service may take, in milliseconds. */
  readonly callTimeoutMs: number;
}

/** The services of one generation, and its raw store for a guest that encodes on its own side of a boundary. */
export interface GenerationServices extends HostServices {
  readonly store: NamespaceStore;
  /** What its fetches sent and received so far. */
  readonly networkTraffic: SocketTraffic;
}

/** Makes the shared services of a runtime. */
export function createHostServicesCore(parts: HostServicesParts): HostServicesCore {
  const { clock, log, copyValues = false, metricsPrefix = 'hotswap' } = parts;
  const runtimeMetrics = new RuntimeMetrics({ prefix: metricsPrefix });
  return {
    ...parts,
    events: new EventBus({ clock, log, copyValues }),
    tasks: new TaskScheduler({ clock, log }),
    services: new ServiceDirectory({ clock, copyValues }),
    extensions: new ExtensionPoints({ log }),
    metrics: new PluginMetrics({ reservedNames: runtimeMetrics.names() }),
    runtimeMetrics,
  };
}

/** Makes what one generation is handed. */
export function createHostServices(core: HostServicesCore, identity: ServiceIdentity): GenerationServices {
  const { plugin, generation, tenant, capabilities, callTimeoutMs } = identity;
  const ending = new AbortController();
  const connections = new PluginConnections({ signal: ending.signal });
  const store = openNamespace(core.storage, { plugin, tenant });
  return {
    store,
    storage: createPluginStorage(store),
    secrets: createSecrets(core.secrets, plugin, capabilities.secrets ?? []),
    metrics: core.metrics.of(plugin),
    log: createPluginLogger(core.log, identity),
    clock: endingClock(core.clock, ending.signal),
    fetch: createPluginFetch({ plugin, network: capabilities.network ?? [], signal: ending.signal, connections }),
    networkTraffic: connections,
    emit: (name, payload, weight) => core.events.emit(plugin, name, payload, weight),
    callService: (service, method, input, signal) =>
      core.services.call(service, method, input, {
        signal,
        timeoutMs: callTimeoutMs,
        caller: { plugin, number: generation },
      }),
    listServices: () => core.services.services(),
    close() {
      ending.abort(generationEnded(`generation ${generation} of plugin ${plugin} has ended`));
      core.events.discard(plugin, generation);
    },
  };
}

/** Forgets what the host kept for a plugin over its generations, once it is unloaded. What it stored stays. */
export function forgetPlugin(core: HostServicesCore, plugin: string): void {
  core.metrics.remove(plugin);
  core.tasks.forget(plugin);
}
