// What the dialect imports with the first plugin: from here on gRPC is loaded.
import { resolve } from 'node:path';
import type { DialectRequest, Isolate } from '@hotswap/runtime';
import { GrpcIsolate } from './grpc-isolate.ts';
import { type Confinement, startConfined } from './launch/confined-process.ts';
import { launchPlugin } from './launch/launch-plugin.ts';
import type { PluginLog } from './launch/log-line.ts';
import { startPlain } from './launch/plain-process.ts';
import { type HostIdentity, remoteTarget } from './launch/remote-target.ts';

/** How long a plugin that listens may take to answer for the first time. */
const connectMs = 10_000;

/** What the dialect was set to. */
export interface GrpcIsolateSettings {
  /** How long a plugin may take from its start to its handshake, in milliseconds. */
  readonly handshakeMs: number;
  /** Who this host is to plugins that run elsewhere. */
  readonly identity: HostIdentity | undefined;
}

/** An isolate for one generation; nothing runs until its `load`. */
export function makeGrpcIsolate(request: DialectRequest, { handshakeMs, identity }: GrpcIsolateSettings): Isolate {
  return new GrpcIsolate({
    request,
    connectMs,
    open: (start, root) => {
      const { executable, manifest, level } = request;
      const { name: plugin } = manifest;
      const { command, mtls = false } = executable;
      if (command === undefined) return remoteTarget(plugin, executable, { root, identity });
      const { log } = start.services;
      const isConfined = level === 'sandbox';
      if (!isConfined) log.warn(unconfined, 'nothing confines the program of this plugin');
      const startProcess = isConfined ? confinedStart(request, root, log) : startPlain;
      return launchPlugin({ plugin, root, command, mtls, handshakeMs, log, startProcess });
    },
  });
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
