import { MessageChannel, MessagePort } from 'node:worker_threads';
import { createRingMemory } from './ring/ring-memory.ts';
import { RingTransport } from './ring/ring-transport.ts';

/** What a thread is given to talk to its host with: one port, and memory that both sides see. */
export interface ThreadLink {
  readonly port: MessagePort;
  readonly memory: SharedArrayBuffer;
}

/**
 * The guest's end. Its entry calls this once, with its `workerData`, before anything of a plugin runs.
 * The port keeps the thread alive until `close`.
 */
export function openGuestTransport(data: unknown): RingTransport {
  if (!isThreadLink(data)) throw new Error('this file is the entry of a thread that HotSwap starts; do not run it');
  return new RingTransport({ port: data.port, memory: data.memory, side: 'guest' });
}

/** Both ends of such a transport, in one thread. */
export function connectedTransports(): { readonly guest: RingTransport; readonly host: RingTransport } {
  const { port1, port2 } = new MessageChannel();
  const memory = createRingMemory();
  return {
    guest: new RingTransport({ port: port2, memory, side: 'guest' }),
    host: new RingTransport({ port: port1, memory, side: 'host' }),
  };
}

function isThreadLink(data: unknown): data is ThreadLink {
  return (
    typeof data === 'object' &&
    data !== null &&
    'port' in data &&
    data.port instanceof MessagePort &&
    'memory' in data &&
    data.memory instanceof SharedArrayBuffer
  );
}
