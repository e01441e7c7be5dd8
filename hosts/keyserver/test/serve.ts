import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { HkpHandler } from '../src/hkp/routes.ts';

export interface Served {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly string[];
  [Symbol.asyncDispose](): Promise<void>;
}

/** Serves a handler on a free loopback port, over real HTTP. */
export async function serve(handle: HkpHandler): Promise<Served> {
  const requests: string[] = [];
  const server = http.createServer((incoming, outgoing) => {
    requests.push(`${incoming.method} ${incoming.url} HTTP/${incoming.httpVersion}`);
    void answer(handle, incoming, outgoing);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${port}`, port, requests, [Symbol.asyncDispose]: close };
}

async function answer(
  handle: HkpHandler,
  incoming: http.IncomingMessage,
  outgoing: http.ServerResponse,
): Promise<void> {
  const { method = 'GET', url = '/' } = incoming;
  const body = method === 'POST' ? await text(incoming) : null;
  const answered = await handle(new Request(`http://localhost${url}`, { method, body }));
  outgoing.writeHead(answered.status, Object.fromEntries(answered.headers));
  outgoing.end(await answered.text());
}
