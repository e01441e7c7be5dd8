import { parseSize } from '@hotswap/protocol';
import type { AccessEntry } from '../access-log.ts';

/** What one connection may hold, and how it is watched. Everything has a default. */
export interface SocketLimits {
  /** Largest message in bytes; default 1 MB. A larger one closes the connection with 1009. */
  readonly maxMessageBytes: number;
  /** Bytes that may wait for a slow client; default 4 MB. What is sent beyond closes the connection with 1013. */
  readonly maxBufferedBytes: number;
}

/** Options of `runtime.websockets`. */
export interface WebSocketServerOptions extends Partial<SocketLimits> {
  /** As for `runtime.listener`: addresses and ranges whose `x-forwarded-*` fields are believed; default none. */
  readonly trustedProxies?: readonly string[];
  /** How often each client is pinged; one that gave no sign of life since the ping before is cut off. Default 30,000. */
  readonly pingMs?: number;
  /** Longest path and query in bytes; default 8 KB. */
  readonly maxUrlBytes?: number;
  /** Paths that stay with the host, whatever plugins register; default none. */
  readonly reserved?: (path: string) => boolean;
  /** Management pages share this origin: refusals get `CSP: sandbox` and handshakes lose their cookies; default false. */
  readonly isSharedOrigin?: boolean;
  /** Called once for each request for a WebSocket, when it is answered: with status 101 a connection was opened. */
  readonly accessLog?: (entry: AccessEntry) => void;
}

export const defaultSocketLimits: SocketLimits = {
  maxMessageBytes: parseSize('1MB'),
  maxBufferedBytes: parseSize('4MB'),
};

/** How long a client may take to answer a close frame. */
export const closeTimeoutMs = 5_000;

/** Messages of one connection that may wait for their handler; beyond, nothing more is read from it. */
export const maxQueuedMessages = 64;
