import { resolve } from 'node:path';
import type { PluginManifest } from '@hotswap/protocol';
import type { Dialect, DialectRequest } from '@hotswap/runtime';
import { GrpcIsolate } from './grpc-isolate.ts';
import { type Confinement, startConfined } from './launch/confined-process.ts';
import { launchPlugin } from './launch/launch-plugin.ts';
import type { PluginLog } from './launch/log-line.ts';
import { startPlain } from './launch/plain-process.ts';
import { type HostIdentity, remoteTarget } from './launch/remote-target.ts';
import { fail } from './errors.ts';

/** Settings of the dialect. */
export interface GrpcDialectOptions {
  /** How long a plugin may take from its start to its handshake, in milliseconds; default 20,000. */
  readonly handshakeTimeoutMs?: number;
  /** Who this host is to plugins that run elsewhere. Default: nobody, and none is reached. */
  readonly identity?: HostIdentity;
}

/** How long a plugin that listens may take to answer for the first time. */
const connectMs = 10_000;

/** Runs plugins in any language that serve `hotswap.plugin.v1.Plugin`: hand it to `createRuntime({ dialects })`. */
export function grpcDialect(options: GrpcDialectOptions = {}): Dialect {
  const { handshakeTimeoutMs: handshakeMs = 20_000, identity } = options;
  return {
    name: 'grpc',
    check: (request) => {
      checkCapabilities(request.manifest);
      checkLevel(request);
    },
    isolate: (request) =>
      new GrpcIsolate({
        request,
        connectMs,
        open: (start, root) => {
          const { executable, manifest } = request;
          const { name: plugin } = manifest;
          const { command, mtls = false } = executable;
          if (command === undefined) return remoteTarget(plugin, executable, { root, identity });
          const { log } = start.services;
          const isConfined = request.level === 'sandbox';
          if (!isConfined) log.warn(unconfined, 'nothing confines the program of this plugin');
          const startProcess = isConfined ? confinedStart(request, root, log) : startPlain;
          const launch = { plugin, root, command, mtls, handshakeMs, log, startProcess };
          return launchPlugin(launch);
        },
      }),
  };
}

/** Starts the program behind the layers of this host, held to what its manifest asks for. */
function confinedStart({ manifest, limits, confine }: DialectRequest, root: string, log: PluginLog): typeof startPlain {
  const { network, files = [] } = manifest.capabilities ?? {};
  const confinement: Confinement = {
    confine,
    limits: limitsOf(limits),
    network: network === undefined || network.length === 0 ? undefined : network,
    files: files.map((path) => resolve(root, path)),
    standing: (layers) => log.debug({ layers: layers.map(({ layer, status }) => `${layer} ${status}`) }, 'confined'),
  };
  return (start) => startConfined(start, confinement);
}

function limitsOf({ memoryMB, cpuPercent, processes, openFiles }: DialectRequest['limits']): Confinement['limits'] {
  return {
    memoryMB,
    ...(cpuPercent !== undefined && { cpuPercent }),
    ...(processes !== undefined && { processes }),
    ...(openFiles !== undefined && { openFiles }),
  };
}

const unconfined = { consequence: 'it may do what the user of this host may do' };

/** What a plugin in another process could only have through the host, which offers it to no program yet. */
function checkCapabilities({ name: plugin, capabilities = {} }: PluginManifest): void {
  const refuse = (capability: string, advice: string): Error =>
    fail('PLUGIN_CAPABILITY_UNAVAILABLE', { plugin, capability, advice });
  if ((capabilities.secrets ?? []).length > 0) {
    throw refuse('secrets', 'name them in its config as secret:NAME, which it is handed resolved');
  }
  if ((capabilities.services ?? []).length > 0) throw refuse('services', 'it calls no services of its host');
}

function checkLevel({ level, manifest: { name: plugin }, executable: { target } }: DialectRequest): void {
  if (target !== undefined && (level === 'sandbox' || level === 'container')) {
    throw fail('PLUGIN_LEVEL_UNAVAILABLE', {
      plugin,
      level,
      reason: 'it runs elsewhere, where this host confines nothing; set strict or weaker, knowingly',
    });
  }
  if (level === 'container') {
    throw fail('PLUGIN_LEVEL_UNAVAILABLE', {
      plugin,
      level,
      reason: 'a program is confined as a process; set sandbox, or make it an image',
    });
  }
}
