import { createServer as createHttpServer } from 'node:http';
import type { Server, ServerOptions } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { messageOf } from '@hotswap/protocol';
import { fail } from '../errors.ts';
import { closeByDeadline, type CloseOptions } from './close-deadline.ts';
import type { NodeListener } from './node-listener.ts';

/** Certificate and key in PEM; with `ca`, clients must show a certificate of it. */
export interface TlsOptions {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  readonly ca?: string | Buffer;
}

/** Where to listen and how long to wait for slow clients. */
export interface ListenOptions {
  /** Empty: all interfaces. Default `127.0.0.1`. */
  readonly host?: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly tls?: TlsOptions;
  /** Milliseconds a connection may wait for its next request; default 5,000. */
  readonly idleTimeoutMs?: number;
  /** Milliseconds for the head of a request; default 60,000. */
  readonly headersTimeoutMs?: number;
  /** Milliseconds for a whole request with its body; default 300,000. */
  readonly requestTimeoutMs?: number;
  /** Largest head of a request; default 16 KB. More is answered 431. */
  readonly maxHeaderBytes?: number;
}

/** A server that takes connections. */
export interface ListeningServer {
  readonly url: string;
  readonly port: number;
  readonly server: Server;
  /** Takes no more connections and waits for requests in flight. A second call waits for the same end. */
  close(options?: CloseOptions): Promise<void>;
}

/**
 * Serves a listener on a port of its own.
 *
 * @throws PORT_IN_USE, LISTEN_FAILED
 */
export async function listen(listener: NodeListener, options: ListenOptions): Promise<ListeningServer> {
  const server = createServer(listener, options);
  const { host = '127.0.0.1', port } = options;
  await opened(server, host, port);
  const address = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return {
    url: urlOf(address, options.tls !== undefined),
    port: address.port,
    server,
    close(closeOptions = {}) {
      closing ??= closeByDeadline(server, listener, closeOptions);
      return closing;
    },
  };
}

function createServer(listener: NodeListener, options: ListenOptions): Server {
  const settings: ServerOptions = {
    keepAliveTimeout: options.idleTimeoutMs ?? 5_000,
    headersTimeout: options.headersTimeoutMs ?? 60_000,
    requestTimeout: options.requestTimeoutMs ?? 300_000,
    maxHeaderSize: options.maxHeaderBytes ?? 16 * 1024,
  };
  const server = options.tls
    ? createHttpsServer({ ...settings, ...tlsSettings(options.tls) })
    : createHttpServer(settings);
  server.on('request', (request, response) => listener(request, response));
  server.on('checkContinue', (request, response) => listener.onContinue(request, response));
  return server;
}

function tlsSettings(tls: TlsOptions) {
  return { ...tls, minVersion: 'TLSv1.2' as const, requestCert: tls.ca !== undefined, rejectUnauthorized: true };
}

function opened(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      const where = { host: host === '' ? 'any interface' : host, port };
      if (error.code === 'EADDRINUSE') reject(fail('PORT_IN_USE', where, { cause: error }));
      else reject(fail('LISTEN_FAILED', { ...where, problem: messageOf(error) }, { cause: error }));
    };
    server.once('error', onError);
    server.listen(host === '' ? { port } : { host, port }, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

function urlOf({ address, port, family }: AddressInfo, isSecure: boolean): string {
  const isAny = address === '::' || address === '0.0.0.0';
  const host = isAny ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `${isSecure ? 'https' : 'http'}://${host}:${port}`;
}
