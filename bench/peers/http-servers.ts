import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';

/** Starts a server that answers `GET /hello` on a free port of the loopback interface. @returns the port */
export type StartServer = () => Promise<number>;

export function serveWith(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

export const bareNode: StartServer = () =>
  serveWith((_, response) => {
    const body = JSON.stringify({ hello: 'world' });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  });

export const bareFastify: StartServer = () => withFastify(() => {});

export const fastifyWithHook: StartServer = () =>
  withFastify((app) => {
    let seen = 0;
    app.addHook('onRequest', (_request, _reply, done) => {
      seen++;
      done();
    });
  });

export const fastifyWithAsyncHook: StartServer = () =>
  withFastify((app) => {
    let seen = 0;
    app.addHook('onRequest', async () => void seen++);
  });

async function withFastify(prepare: (app: FastifyInstance) => void): Promise<number> {
  const app = fastify();
  prepare(app);
  app.get('/hello', async () => ({ hello: 'world' }));
  await app.listen({ port: 0, host: '127.0.0.1' });
  return (app.server.address() as AddressInfo).port;
}
