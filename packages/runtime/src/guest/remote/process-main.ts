// The entry of a process that runs plugins. It is built into one file: see `isolation/remote/guest-entry.ts`.
import { connect, Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import { GuestLanes } from './guest-lanes.ts';
import { rehearse } from './rehearsal.ts';
import { serveGuest } from './remote-guest.ts';
import { Lanes } from '../../channel/lanes/lanes.ts';
import { SocketTransport } from '../../channel/socket-transport.ts';
import { isGenerationEnded } from '../../host-services/generation-ended.ts';

const channelDescriptor = 3;

const lanes = new Lanes(new SocketTransport({ channel: openChannel(), onBroken: leave }));
// Without its host nobody needs it.
lanes.onClose = leave;
const own = process.getActiveResourcesInfo();
const guests = new GuestLanes(lanes, (transport) => serveGuest(transport, own));

// The process is the plugins' alone: whatever nobody caught is theirs, and counts against them as at every level.
process.on('unhandledRejection', (reason: unknown) => {
  if (!isGenerationEnded(reason)) guests.fault('promise that nobody awaited', reason);
});
process.on('uncaughtException', (error: unknown) => guests.fault('callback', error));

/** A process that nobody waits for yet gets ready for whoever comes. */
const isSpare = process.argv.includes('spare');
const tellReady = (): void => lanes.tell(['ready']);
if (isSpare) void rehearse(connectedTransports).then(tellReady);
else tellReady();

/** A descriptor; from an engine of containers, which hands none in, a socket where the guest says first who it is. */
function openChannel(): Socket {
  const { HOTSWAP_CHANNEL: path, HOTSWAP_CHANNEL_SECRET: secret } = process.env;
  if (path === undefined) return new Socket({ fd: channelDescriptor });
  delete process.env['HOTSWAP_CHANNEL'];
  delete process.env['HOTSWAP_CHANNEL_SECRET'];
  const channel = connect(path);
  channel.write(`${secret}\n`);
  return channel;
}

function connectedTransports() {
  const [one, other] = duplexPair();
  return {
    guest: new SocketTransport({ channel: one, onBroken: leave }),
    host: new SocketTransport({ channel: other, onBroken: leave }),
  };
}

function leave(): void {
  process.exit(0);
}
