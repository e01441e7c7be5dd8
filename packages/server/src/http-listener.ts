import { readFile } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createSecureContext } from 'node:tls';
import { messageOf } from '@hotswap/protocol';
import { listen } from '@hotswap/runtime';
import type { NodeListener, RuntimeConfig } from '@hotswap/runtime';
import { fail } from './errors.ts';

type ServerConfig = RuntimeConfig['server'];

export type RequestListener = (request: IncomingMessage, response: ServerResponse) => void;

/** One address that answers HTTP. */
export interface HttpListener {
  /** `http://HOST:PORT`, with the port that was really taken. */
  readonly url: string;
  /** For what takes its upgrades. */
  readonly server: Server;
  /**
   * Takes no more connections, answers what has begun, and resolves when the last answer is out.
   * Past the signal it cuts off what is left. Calling it again waits for the same end.
   */
  close(signal: AbortSignal): Promise<void>;
}

export interface ListenOptions {
  readonly bind: ServerConfig['bind'];
  /** Its limits and certificates. */
  readonly config: ServerConfig;
  /** One that can be drained ends its connections with their answers; any other is made to. */
  readonly onRequest: RequestListener;
}

/** The signal alone ends the wait for answers. */
const graceMs = 24 * 3_600_000;

/**
 * Opens one listener with the limits and certificates of the config.
 *
 * @throws TLS_FILES_UNUSABLE, PORT_IN_USE, LISTEN_FAILED
 */
export async function openListener({ bind, config, onRequest }: ListenOptions): Promise<HttpListener> {
  const { limits, tls } = config;
  const listening = await listen(isNodeListener(onRequest) ? onRequest : withDrain(onRequest), {
    host: bind.host ?? '',
    port: bind.port,
    idleTimeoutMs: limits.idleTimeoutMs,
    maxHeaderBytes: limits.maxHeaderBytes,
    ...(tls && { tls: await readCertificates(tls) }),
  });
  return { url: listening.url, server: listening.server, close: (signal) => listening.close({ graceMs, signal }) };
}

/** A plain listener as one whose answers end their connections once it is drained, those that have begun too. */
export function withDrain(onRequest: RequestListener): NodeListener {
  const open = new Set<ServerResponse>();
  let isDraining = false;
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    open.add(response);
    response.once('close', () => open.delete(response));
    response.shouldKeepAlive &&= !isDraining;
    onRequest(request, response);
  };
  return Object.assign(answer, {
    onContinue: (request: IncomingMessage, response: ServerResponse): void => {
      response.writeContinue();
      answer(request, response);
    },
    drain: (): void => {
      isDraining = true;
      for (const response of open) response.shouldKeepAlive = false;
    },
  });
}

function isNodeListener(listener: RequestListener): listener is NodeListener {
  return 'drain' in listener && 'onContinue' in listener;
}

async function readCertificates({ cert, key, ca }: NonNullable<ServerConfig['tls']>) {
  try {
    const [certText, keyText, caText] = await Promise.all([readFile(cert), readFile(key), ca && readFile(ca)]);
    const certificates = { cert: certText, key: keyText, ...(caText && { ca: caText }) };
    // Tried here: what is wrong with them should be told of them, and not of the address.
    createSecureContext(certificates);
    return certificates;
  } catch (error) {
    throw fail('TLS_FILES_UNUSABLE', { problem: messageOf(error) }, { cause: error });
  }
}
