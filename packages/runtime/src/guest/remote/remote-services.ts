import { HotRequest } from '@hotswap/protocol/http';
import type { PluginContext, ServiceInfo } from '@hotswap/sdk';
import type { Outbox } from './outbox.ts';
import { remoteLogger } from './outbox.ts';
import { readResponse } from './crossed-http.ts';
import { remoteMetrics } from './remote-metrics.ts';
import type { PendingCall } from '../../channel/calls.ts';
import type { Channel } from '../../channel/channel.ts';
import type { CrossingValues } from '../../channel/crossing-values.ts';
import type { GuestMessage, WireResponse } from '../../channel/messages.ts';
import { generationEnded } from '../../host-services/generation-ended.ts';
import type { HostServices } from '../../host-services/host-services.ts';
import { createPluginStorage } from '../../host-services/storage/plugin-storage.ts';
import type { CommitOutcome, NamespaceStore, StoredEntry } from '../../host-services/storage/storage-backend.ts';
import { createSystemClock, endingClock } from '../../host-services/system-clock.ts';

/** The host's services, as a guest behind a channel has them: each call is a question to the host. */
export function createRemoteServices(channel: Channel, outbox: Outbox, values: CrossingValues): HostServices {
  const ending = new AbortController();
  return {
    storage: createPluginStorage(remoteStore(channel)),
    secrets: { get: (name) => ask<string>(channel, ['secret', 0, name]) },
    metrics: remoteMetrics(outbox),
    log: remoteLogger(outbox),
    clock: endingClock(createSystemClock(), ending.signal),
    fetch: remoteFetch(channel),
    emit: (name, payload) => ask(channel, ['emit', 0, name, payload]),
    callService: async (service, method, input, signal) => {
      signal?.throwIfAborted();
      const { pending, promise } = values.call(['use', 0, service, method], input, `${service}.${method} input`);
      return followed(pending, signal, promise);
    },
    listServices: () => ask<readonly ServiceInfo[]>(channel, ['services', 0]),
    close: () => ending.abort(generationEnded('the generation has ended')),
  };
}

function remoteStore(channel: Channel): NamespaceStore {
  return {
    read: (key) => ask<StoredEntry>(channel, ['storage-read', 0, key]),
    list: (prefix, limit) => ask<readonly string[]>(channel, ['storage-list', 0, prefix, limit]),
    commit: (reads, writes) => {
      // Encoders give views on memory that is larger than what they wrote, and a clone would take all of it along.
      const exact = writes.map(([key, value]) => [key, value && new Uint8Array(value)] as const);
      return ask<Exclude<CommitOutcome, 'full'>>(channel, ['storage-commit', 0, reads, exact]);
    },
  };
}

function remoteFetch(channel: Channel): PluginContext['fetch'] {
  return async (input, init = {}) => {
    const isRequest = typeof input === 'object' && !(input instanceof URL);
    const request = new HotRequest(input, {
      ...(init.method !== undefined && { method: init.method }),
      ...(init.headers !== undefined && { headers: init.headers }),
      ...(init.body !== undefined && { body: init.body }),
    });
    const signals = [init.signal, isRequest ? input.signal : undefined].filter((one) => one instanceof AbortSignal);
    const signal = signals.length === 0 ? undefined : AbortSignal.any(signals);
    signal?.throwIfAborted();
    const redirect = init.redirect ?? (isRequest ? input.redirect : undefined);
    const body = channel.bodies.toWire(request.take());
    const message: GuestMessage = ['fetch', 0, redirect, request.method, request.url, request.headers.toRaw(), body];
    const pending = channel.call([...message], (value, call) => readResponse(channel, value as WireResponse, call));
    return (await followed(pending, signal)) as Response;
  };
}

/** Asks the host; its answers are what the messages say they are. */
function ask<T>(channel: Channel, message: GuestMessage): Promise<T> {
  return channel.call([...message]).promise as Promise<T>;
}

/** Gives a call up when the caller's signal is aborted; then it rejects with the caller's own reason. */
async function followed(
  pending: PendingCall,
  signal: AbortSignal | undefined,
  promise = pending.promise,
): Promise<unknown> {
  if (signal === undefined) return promise;
  const abort = (): void => pending.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  // Not before the last byte of an answer: until then it can still be given up.
  pending.onEnd = () => signal.removeEventListener('abort', abort);
  try {
    return await promise;
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}
