// The entry of a thread that runs a plugin. It is built into one file: see `isolation/remote/guest-entry.ts`.
import { workerData } from 'node:worker_threads';
import { rehearse } from './rehearsal.ts';
import { serveGuest } from './remote-guest.ts';
import { connectedTransports, openGuestTransport } from '../../channel/port-transport.ts';
import { isGenerationEnded } from '../../host-services/generation-ended.ts';

const guest = serveGuest(openGuestTransport(workerData));

// The thread is the plugin's alone: whatever nobody caught is its own, and counts against it as at every level.
process.on('unhandledRejection', (reason: unknown) => {
  if (!isGenerationEnded(reason)) guest.fault('promise that nobody awaited', reason);
});
process.on('uncaughtException', (error: unknown) => guest.fault('callback', error));

/** A thread that nobody waits for yet gets ready for whoever comes. Whoever loads this file may wait for it. */
export const rehearsed: Promise<void> | undefined =
  workerData.rehearses === true ? rehearse(connectedTransports) : undefined;
