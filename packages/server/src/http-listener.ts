import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import type { RuntimeConfig } from '@hotswap/runtime';
import { fail } from './errors.ts';

type ServerConfig = RuntimeConfig['server'];

export type RequestListener = (request: IncomingMessage, response: ServerResponse) => void;

/** One address that answers HTTP. */
export interface HttpListener {
  readonly server: Server;
  /** `http://HOST:PORT`, with the port that was really taken. */
  readonly url: string;
  /**
   * Takes no more connections, answers what has begun, and resolves when the last answer is out.
   * Past the signal it cuts off what is left. Calling it again waits for the same end.
   */
  close(signal: AbortSignal): Promise<void>;
}

export interface ListenOptions {
  readonly bind: ServerConfig['bind'];
  readonly config: ServerConfig;
  readonly onRequest: RequestListener;
}

/**
 * Opens one listener.
 *
 * @throws ADDRESS_IN_USE, ADDRESS_UNUSABLE
 */
export async function openListener({ bind, config, onRequest }: ListenOptions): Promise<HttpListener> {
  const server = await createHttpServer(config);
  const answers = new OpenAnswers(server);
  server.on('request', (request, response) => {
    answers.add(response);
    onRequest(request, response);
  });
  await listen(server, bind);
  let closed: Promise<void> | undefined;
  return {
    server,
    url: urlOf(server, { bind, isSecure: config.tls !== undefined }),
    close: (signal) => (closed ??= closeServer(server, answers, signal)),
  };
}

async function createHttpServer({ tls, limits }: ServerConfig): Promise<Server> {
  const options = { maxHeaderSize: limits.maxHeaderBytes, keepAliveTimeout: limits.idleTimeoutMs };
  if (!tls) return createServer(options);
  const [cert, key, ca] = await Promise.all([tls.cert, tls.key, tls.ca].map((file) => file && readFile(file)));
  return createTlsServer({ ...options, cert, key, ...(ca && { ca, requestCert: true, rejectUnauthorized: true }) });
}

/** Answers that are not out yet, so that closing can end their connections the moment they are. */
class OpenAnswers {
  readonly #open = new Set<ServerResponse>();
  readonly #server: Server;
  #isClosing = false;

  constructor(server: Server) {
    this.#server = server;
  }

  add(response: ServerResponse): void {
    this.#open.add(response);
    if (this.#isClosing) response.shouldKeepAlive = false;
    response.once('close', () => {
      this.#open.delete(response);
      if (this.#isClosing) this.#server.closeIdleConnections();
    });
  }

  /** A client is told that its connection ends, so that its next request takes another one and is not lost. */
  endConnections(): void {
    this.#isClosing = true;
    for (const response of this.#open) response.shouldKeepAlive = false;
  }
}

async function listen(server: Server, bind: ServerConfig['bind']): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ port: bind.port, ...(bind.host !== undefined && { host: bind.host }) }, resolve);
  try {
    await promise;
  } catch (cause) {
    throw toListenError(cause, bind);
  } finally {
    server.off('error', reject);
  }
}

function toListenError(cause: unknown, { host = '*', port }: ServerConfig['bind']): Error {
  const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  const address = `${host}:${port}`;
  return reason === 'EADDRINUSE'
    ? fail('ADDRESS_IN_USE', { address }, { cause })
    : fail('ADDRESS_UNUSABLE', { address, reason }, { cause });
}

async function closeServer(server: Server, answers: OpenAnswers, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cutOff = (): void => server.closeAllConnections();
  signal.addEventListener('abort', cutOff, { once: true });
  answers.endConnections();
  server.close(() => resolve());
  if (signal.aborted) cutOff();
  await promise;
  signal.removeEventListener('abort', cutOff);
}

function urlOf(server: Server, { bind, isSecure }: { bind: ServerConfig['bind']; isSecure: boolean }): string {
  // A TCP listener always has an address object.
  const { port } = server.address() as AddressInfo;
  const host = bind.host ?? '0.0.0.0';
  return `${isSecure ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
