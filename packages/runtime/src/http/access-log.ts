import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestSource } from '@hotswap/protocol/http';

/** One request, for a log of accesses. The query is left out: it may hold what is secret. */
export interface AccessEntry {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  /** 0 when the client left before there was a status. */
  readonly status: number;
  readonly remoteAddress: string | undefined;
  readonly userAgent: string | undefined;
  /** Milliseconds from the head of the request to the last byte of the answer. */
  readonly durationMs: number;
  /** Whether the whole answer was handed to the network. */
  readonly isComplete: boolean;
}

/** Writes one entry when the answer is complete or the connection is gone. */
export function logAccess(
  request: IncomingMessage,
  response: ServerResponse,
  source: RequestSource,
  write: (entry: AccessEntry) => void,
): void {
  const startedAt = performance.now();
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const { remoteAddress } = source;
  response.once('close', () =>
    write({
      requestId: source.requestId,
      method: source.method,
      path,
      status: response.headersSent ? response.statusCode : 0,
      remoteAddress,
      userAgent: request.headers['user-agent'],
      durationMs: performance.now() - startedAt,
      isComplete: response.writableFinished,
    }),
  );
}
