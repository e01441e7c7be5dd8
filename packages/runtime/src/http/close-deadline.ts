import type { Server } from 'node:http';
import type { NodeListener } from './node-listener.ts';

/** How long a closing server waits for its clients. */
export interface CloseOptions {
  /** Milliseconds that requests in flight have; default 30,000. What is left then is cut off. */
  readonly graceMs?: number;
  /** Ends the grace at once. */
  readonly signal?: AbortSignal;
}

/** Emitted on a server that takes no more connections, and with `true` when it waits no longer: upgraded sockets are not its own to close. */
export const serverClosing = 'hotswap.closing';

/** How often connections that became idle during a close are let go. */
const idleCheckMs = 20;

/** Takes no more connections, lets requests in flight end, and cuts off what is left when the grace is over. */
export async function closeByDeadline(server: Server, listener: NodeListener, options: CloseOptions): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cut = (): void => {
    server.emit(serverClosing, true);
    server.closeAllConnections();
  };
  listener.drain();
  server.emit(serverClosing, false);
  server.close(() => resolve());
  // An answer whose head was out before the drain keeps its connection open; it is let go as soon as it is idle.
  const idle = setInterval(() => server.closeIdleConnections(), idleCheckMs);
  const grace = setTimeout(cut, options.graceMs ?? 30_000);
  options.signal?.addEventListener('abort', cut, { once: true });
  if (options.signal?.aborted) cut();
  try {
    await promise;
  } finally {
    clearInterval(idle);
    clearTimeout(grace);
    options.signal?.removeEventListener('abort', cut);
  }
}
