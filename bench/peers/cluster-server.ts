// Replacing a server's code without a plugin runtime: one cluster worker gives way to the next.
import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import { answerCommands } from '../child-commands.ts';

export type Replacement = 'fork, then drain' | 'kill, then fork';

const portVariable = 'HOTSWAP_BENCH_PORT';
const drainLimitMs = 3_000;

if (cluster.isPrimary) answerAsPrimary();
else serveAsWorker();

export interface ClusterCommands extends Record<string, (input: never) => unknown> {
  /** @returns the port */
  start(): Promise<number>;
  /** @returns milliseconds from the wish until the new worker listens and the old one is gone */
  replace(kind: Replacement): Promise<number>;
}

function answerAsPrimary(): void {
  let port = 0;
  let worker: Worker | undefined;
  const commands: ClusterCommands = {
    start: async () => {
      port = await freePort();
      worker = await forkWorker(port);
      return port;
    },
    replace: async (kind) => {
      const startedAt = performance.now();
      const old = worker;
      if (kind === 'kill, then fork') await end(old);
      worker = await forkWorker(port);
      if (kind === 'fork, then drain') await drain(old);
      return performance.now() - startedAt;
    },
  };
  answerCommands(commands);
}

function serveAsWorker(): void {
  let isDraining = false;
  const server = createServer((_, response) => {
    const body = JSON.stringify({ hello: 'world' });
    if (isDraining) response.setHeader('connection', 'close');
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  });
  server.listen(Number(process.env[portVariable]), '127.0.0.1', () => process.send?.('listening'));
  process.on('message', (message) => {
    if (message !== 'drain') return;
    // Takes no more connections; each that is open ends with its next answer. An HTTP server's own `close` would cut
    // idle ones, which loses the request that is on its way to one: the peer is shown at its best.
    isDraining = true;
    NetServer.prototype.close.call(server, () => process.exit(0));
  });
}

async function forkWorker(port: number): Promise<Worker> {
  const worker = cluster.fork({ [portVariable]: String(port) });
  await once(worker, 'message');
  return worker;
}

async function end(worker: Worker | undefined): Promise<void> {
  if (worker === undefined || worker.isDead()) return;
  const gone = once(worker, 'exit');
  worker.process.kill('SIGKILL');
  await gone;
}

async function drain(worker: Worker | undefined): Promise<void> {
  if (worker === undefined) return;
  const timer = setTimeout(() => void end(worker), drainLimitMs);
  const gone = once(worker, 'exit');
  worker.send('drain');
  await gone;
  clearTimeout(timer);
}

/** A cluster picks another free port for each worker, so one is picked for all of them. */
async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
