import type { PluginManifest } from '@hotswap/protocol';
import { Outbox } from './outbox.ts';
import { createRemoteServices } from './remote-services.ts';
import { RemoteSockets } from './remote-sockets.ts';
import { asServeCall, serveHandlers } from './remote-handlers.ts';
import { ResourceReport } from './resource-report.ts';
import type { InboundCall } from '../../channel/calls.ts';
import { Channel, type ServeCall } from '../../channel/channel.ts';
import { CrossingValues } from '../../channel/crossing-values.ts';
import type { HostMessage, MessageOf } from '../../channel/messages.ts';
import type { Transport } from '../../channel/transport.ts';
import { fromWireFailure, toWireFailure } from '../../channel/wire-failure.ts';
import type { HostServices } from '../../host-services/host-services.ts';
import { Guest } from '../guest.ts';
import type { GuestHandler } from '../guest-host.ts';

/** A guest whose host is on the other side of a channel. */
export interface RemoteGuest {
  /** The file of its program, once it was loaded. */
  readonly file: string | undefined;
  /** An error came out of the plugin outside any call. */
  fault(where: string, error: unknown): void;
}

/**
 * Brings a plugin to life for a host behind `transport`: the same guest as in the host's thread, with its services far away.
 *
 * @param own what is open before there is a plugin, by kind
 */
export function serveGuest(transport: Transport, own: readonly string[] = []): RemoteGuest {
  const handlers = new Map<number, GuestHandler>();
  const serviceNames = new Map<number, string>();
  const calls = new Map<string, ServeCall>();
  let manifest: PluginManifest | undefined;
  let services: HostServices | undefined;
  let progress: Int32Array | undefined;
  let file: string | undefined;
  const channel: Channel = new Channel({
    transport,
    calls,
    tells: new Map([
      ['callback-gone', ([, callback]) => values.callbackGone(callback)],
      ['drain', ([, call]) => channel.inbound(call)?.onDrain?.()],
      ['buffered', ([, socket, bytes]) => sockets.told(socket as string, bytes as number)],
    ]),
    mostCalls: Infinity,
    violated: (problem) => {
      throw new Error(`the host sent a message that cannot be: ${problem}`);
    },
    progress: {
      note: (call) => {
        if (progress !== undefined) progress[0] = call;
      },
    },
  });
  const values = new CrossingValues({ channel: () => channel });
  const outbox = new Outbox(channel);
  const sockets = new RemoteSockets(channel);
  const fault = (where: string, error: unknown): void => channel.tell(['fault', where, toWireFailure(error)]);
  const report = new ResourceReport(channel, () => guest.resources());
  const guest: Guest = new Guest(() => report.changed());

  /** Before its answer, whatever was noted meanwhile: who waits for the start finds its metrics and resources. */
  const serve = <Tag extends HostMessage[0]>(
    tag: Tag,
    work: (message: MessageOf<HostMessage, Tag>, call: InboundCall) => Promise<unknown>,
  ): void => {
    calls.set(
      tag,
      asServeCall<Tag>(async (message, call) => {
        try {
          return await work(message, call);
        } finally {
          outbox.flush();
          report.flush();
        }
      }),
    );
  };
  serve('load', ([, , facts]) => {
    ({ manifest, progress } = facts);
    ({ file } = facts.program);
    services = createRemoteServices(channel, outbox, values);
    return guest.load({
      manifest,
      generation: facts.generation,
      config: facts.config,
      program: { type: 'text', ...facts.program },
      services,
      host: {
        register: (registration, handler) => {
          handlers.set(registration.id, handler);
          if (registration.type === 'service') serviceNames.set(registration.id, registration.name);
          channel.tell(['register', registration]);
        },
        fault,
        // The lease is the host's: it holds one while it has the callback called.
        bound: (fn) => async (input) => fn(input as never),
        sockets,
      },
    });
  });
  serve('start', ([, , state]) => guest.start(state));
  serve('health', () => guest.health());
  serve('configure', ([, , next, previous]) => guest.configure(next, previous));
  serve('export-state', async ([, , version]) => {
    const state = await guest.exportState(version);
    // The encoder's memory is larger than what it wrote, and a clone would take all of it along.
    return state && { schemaVersion: state.schemaVersion, bytes: new Uint8Array(state.bytes) };
  });
  serve('rehearse-state', ([, , state]) => guest.rehearseState(state));
  serve('stop', async ([, , reason], { signal }) => {
    const failures = await guest.stop(fromWireFailure(reason), signal);
    services?.close();
    return {
      failures: failures.map(({ kind, label, error }) => ({ kind, label, error: toWireFailure(error) })),
      holds: holdsOnTo(process.getActiveResourcesInfo(), own),
    };
  });
  const served = serveHandlers({
    channel,
    values,
    sockets,
    handlers,
    serviceNames,
    plugin: () => manifest?.name ?? '',
  });
  calls.set('callback', (message, call) => values.serveCallback(message, call));
  for (const [tag, work] of Object.entries(served))
    calls.set(tag, asServeCall(work as Parameters<typeof asServeCall>[0]));
  return {
    fault,
    get file() {
      return file;
    },
  };
}

/** Whether something is open that its successor may need, such as a port: only the end of thread or process lets go of that then. */
function holdsOnTo(resources: readonly string[], own: readonly string[]): boolean {
  const left = [...own];
  return resources.some((kind) => {
    if (kind === 'MessagePort' || kind === 'Timeout' || kind === 'Immediate') return false;
    const index = left.indexOf(kind);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}
