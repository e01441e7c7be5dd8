import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Duplex, PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as after } from 'node:timers/promises';
import { type ChannelSocket, openChannelSocket } from './channel-socket.ts';
import { Container } from './container.ts';
import { tail } from './engine/engine-cli.ts';
import type { FoundEngine } from './engine/find-engine.ts';
import { hostLabel, ownName } from './leftovers/leftovers.ts';
import { needsMemoryPeak } from './memory-peak.ts';
import { OutputTap } from './output-tap.ts';
import { runArguments, type RunPlan } from './run-arguments.ts';
import type { EgressProxy } from '../egress/egress-proxy.ts';
import { SandboxError } from '../errors.ts';
import type { LayerState } from '../layers.ts';

/** What a container is started with, once everything about it is decided. */
export interface StartOrder {
  readonly engine: FoundEngine;
  readonly plan: Omit<RunPlan, 'engine' | 'name' | 'labels' | 'group' | 'inherited' | 'passesChannel'>;
  readonly layers: readonly LayerState[];
  readonly stdin: 'ignore' | 'inherit';
  /** A folder for its socket that nobody else enters; undefined: it gets a descriptor. */
  readonly channelFolder: string | undefined;
  readonly egress: EgressProxy | undefined;
  /** Called once, when nothing of it is left. */
  readonly cleanUp: () => Promise<void>;
}

/** Where a guest finds its channel that gets no descriptor: it connects, and writes the secret as its first line. */
const channelPath = '/run/hotswap/channel';
const pathVariable = 'HOTSWAP_CHANNEL';
const secretVariable = 'HOTSWAP_CHANNEL_SECRET';

const connectMs = 30_000;
let started = 0;

/**
 * Starts a container. Podman gets the channel as a descriptor; where the engine is a process of its own, the guest
 * connects to a socket.
 *
 * @throws CONTAINER_LAUNCH_FAILED
 */
export async function startContainer(order: StartOrder): Promise<Container> {
  const { engine, plan, channelFolder, egress } = order;
  const name = await ownName(++started);
  const socket = channelFolder === undefined ? undefined : await openChannelSocket(channelFolder, plan.uid);
  const group = needsMemoryPeak(engine) ? name : undefined;
  const args = runArguments({
    ...plan,
    group,
    engine: engine.kind,
    name,
    labels: { [hostLabel]: String(process.pid) },
    passesChannel: socket === undefined,
    mounts: [
      ...plan.mounts,
      ...(socket === undefined ? [] : [{ source: socket.path, target: channelPath, writable: true }]),
    ],
    environment: { ...plan.environment, ...(socket !== undefined && { [pathVariable]: channelPath }) },
    inherited: socket === undefined ? [] : [secretVariable],
  });
  const [file, ...flags] = engine.cli.command;
  const client = spawn(file, [...flags, ...args], {
    // What watches a container for Podman writes an empty file where it was started when memory runs out; here it cannot.
    cwd: '/proc',
    stdio: [order.stdin, 'pipe', 'pipe', ...(socket === undefined ? (['pipe'] as const) : [])],
    ...(socket !== undefined && { env: { ...process.env, [secretVariable]: socket.secret } }),
  });
  client.on('error', () => {});
  const [stdout, stderr] = [new OutputTap(client.stdout), new OutputTap(client.stderr)];
  const { layers, cleanUp } = order;
  const make = (channel: Duplex): Container =>
    new Container({
      engine,
      name,
      group,
      egress,
      layers,
      client,
      channel,
      stdout,
      stderr,
      limits: plan.limits,
      cleanUp,
    });
  return socket === undefined ? make(client.stdio[3] as Duplex) : whenConnected(socket, client, make);
}

/** Waits for the guest; a container that ends before, or takes too long, has failed. */
async function whenConnected(
  socket: ChannelSocket,
  client: ChildProcess,
  make: (channel: Duplex) => Container,
): Promise<Container> {
  const waiting = new AbortController();
  const { signal } = waiting;
  const ended = once(client, 'exit', { signal }).then(() => undefined);
  const late = after(connectMs, undefined, { signal, ref: false });
  const channel = await Promise.race([socket.connected, ended, late]);
  for (const other of [ended, late]) other.catch(() => {});
  waiting.abort();
  await socket.close();
  if (channel !== undefined) return make(channel);
  const container = make(new PassThrough());
  const reason = client.exitCode === null ? `it did not connect within ${connectMs / 1_000} s` : undefined;
  const { detail } = await (reason === undefined ? container.exited : container.kill());
  container.stderr.resume();
  await finished(container.stderr, { writable: false }).catch(() => {});
  throw new SandboxError('CONTAINER_LAUNCH_FAILED', {
    reason: [reason ?? detail, tail(container.stderr.last)].filter(Boolean).join(': '),
  });
}
