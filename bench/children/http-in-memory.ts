// What a framework itself does for a request, without sockets: no wake-ups and no other process are in the figure.
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import fastify from 'fastify';
import { createRuntime } from '@hotswap/runtime';
import { answerCommands } from '../child-commands.ts';
import { quantile } from '../measure.ts';

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

const batch = 200;
const socket = new Socket();

const frameworks = {
  async Fastify(): Promise<Handle> {
    const app = fastify();
    app.get('/hello', async () => ({ hello: 'world' }));
    await app.ready();
    return (request, response) => app.routing(request, response);
  },
  'node:http': async (): Promise<Handle> => (_, response) => {
    const body = JSON.stringify({ hello: 'world' });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  },
  async HotSwap(plugin: string): Promise<Handle> {
    const runtime = await createRuntime({ environment: {} }).start();
    await runtime.load(plugin);
    return runtime.listener();
  },
};

export type Framework = keyof typeof frameworks;

export const commands = {
  /** @returns microseconds of one request: the median over batches of 200 */
  async time({
    framework,
    plugin,
    ms,
  }: {
    readonly framework: Framework;
    readonly plugin: string;
    readonly ms: number;
  }) {
    const handle = await frameworks[framework](plugin);
    await timesOf(handle, ms);
    return quantile(await timesOf(handle, ms), 0.5);
  },
};

export type HttpInMemoryCommands = typeof commands;

async function timesOf(handle: Handle, ms: number): Promise<number[]> {
  const times: number[] = [];
  for (const until = performance.now() + ms; performance.now() < until;) {
    const startedAt = performance.now();
    for (let index = 0; index < batch; index++) handleOne(handle);
    // Handlers that are asynchronous answer before this comes back.
    await new Promise((resolve) => setImmediate(resolve));
    times.push(((performance.now() - startedAt) * 1_000) / batch);
  }
  return times;
}

function handleOne(handle: Handle): void {
  const request = new IncomingMessage(socket);
  request.method = 'GET';
  request.url = '/hello';
  request.rawHeaders.push('host', '127.0.0.1');
  handle(request, new ServerResponse(request));
}

answerCommands(commands);
