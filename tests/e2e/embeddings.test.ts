import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { Runtime } from '@hotswap/runtime';
import express from 'express';
import { fastify } from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { describe, expect, it } from 'vitest';
import { RawConnection } from '../serving/raw-connection.ts';
import { servePlugins } from '../serving/serve-plugins.ts';

interface Embedding {
  readonly port: number;
  close(): Promise<unknown>;
}

async function opened(server: Server): Promise<Embedding> {
  if (!server.listening) server.listen(0, '127.0.0.1');
  if (!server.listening) await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A host of each kind, with a route of its own at `/own`. */
const hosts: Readonly<Record<string, (runtime: Runtime) => Promise<Embedding>>> = {
  'node:http': (runtime) => {
    const fallback = (request: Request) =>
      new Response(request.url.endsWith('/own') ? 'own' : 'nothing', {
        status: request.url.endsWith('/own') ? 200 : 404,
      });
    return opened(createServer(runtime.listener({ fallback })));
  },
  'Express 5': (runtime) => {
    const app = express();
    app.use(runtime.express());
    app.use(express.json());
    app.get('/own', (_request, response) => void response.send('own'));
    return opened(createServer(app));
  },
  'Fastify 5': async (runtime) => {
    const app = fastify();
    await app.register(runtime.fastify);
    app.get('/own', () => 'own');
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = await opened(app.server);
    return { port, close: () => (app.server.closeAllConnections(), app.close()) };
  },
  'Koa 3': (runtime) => {
    const app = new Koa();
    app.use(runtime.koa());
    app.use((context) => {
      if (context.path === '/own') context.body = 'own';
    });
    const listener = app.callback();
    return opened(createServer((request, response) => void listener(request, response)));
  },
  'Hono 4': (runtime) => {
    const app = new Hono();
    app.get('/own', (context) => context.text('own'));
    app.all('*', (context) => runtime.fetch(context.req.raw));
    return opened(createServer(fetchServer((request) => app.fetch(request))));
  },
};

/** A server for what speaks fetch. */
function fetchServer(answer: (request: Request) => Response | Promise<Response>): RequestListener {
  return async (incoming, outgoing) => {
    const { method = 'GET', url = '/', headers } = incoming;
    const hasBody = method !== 'GET' && method !== 'HEAD';
    const fields = Object.entries(headers).map(([name, value]) => [name, String(value)] as [string, string]);
    const request = new Request(`http://localhost${url}`, {
      method,
      headers: fields,
      ...(hasBody && { body: Readable.toWeb(incoming) as ReadableStream<Uint8Array>, duplex: 'half' }),
    });
    const response = await answer(request);
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    if (response.body === null) outgoing.end();
    else Readable.fromWeb(response.body).pipe(outgoing);
  };
}

function greeter(greeting: string): string {
  return `
    ctx.http.get('/hello/:name', (_, { params }) => new Response('${greeting} ' + params.name));
    ctx.http.post('/echo', async (request) => Response.json({ ${greeting}: await request.json() }));
    ctx.http.get('/stream', () => new Response(async function* () {
      for (let part = 0; part < 5; part++) {
        yield '${greeting} ';
        await ctx.clock.sleep(20);
      }
    }()));`;
}

describe.each(Object.keys(hosts))('in %s', (kind) => {
  it('a swap in the middle of keep-alive requests loses none of them', async () => {
    await using serving = await servePlugins({ plugins: { greeter: greeter('hello') } });
    const host = await hosts[kind]!(serving.runtime);
    using connection = await RawConnection.open(host.port);
    using streaming = await RawConnection.open(host.port);
    const ask = async (path: string, method = 'GET', body = '') => {
      const fields = body === '' ? '' : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
      connection.write(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n${body}`);
      const { status, body: text } = await connection.answer();
      return [status, text] as const;
    };

    expect(await ask('/hello/ada')).toEqual([200, 'hello ada']);
    expect(await ask('/own')).toEqual([200, 'own']);
    streaming.write('GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await streaming.until('hello');

    const texts: string[] = [];
    let report: Awaited<ReturnType<Runtime['swap']>> | undefined;
    const swapping = serving.swap('greeter', greeter('hi')).then((done) => (report = done));
    for (let after = 0; after < 10; after += report ? 1 : 0) {
      const [status, text] = await ask('/hello/ada');
      expect(status).toBe(200);
      texts.push(text);
      expect((await ask('/echo', 'POST', '[1]'))[0]).toBe(200);
    }
    await swapping;
    expect(report).toMatchObject({ outcome: 'swapped', cancelled: 0 });
    expect(texts[0]).toBe('hello ada');
    expect(texts.at(-1)).toBe('hi ada');
    // Never back and forth.
    expect(texts.toSorted()).toEqual(texts);
    expect((await streaming.answer()).body).toBe('hello '.repeat(5));
    expect(await ask('/echo', 'POST', '{"a":1}')).toEqual([200, '{"hi":{"a":1}}']);
    expect(await ask('/own')).toEqual([200, 'own']);
    expect((await ask('/nowhere'))[0]).toBe(404);
    expect(connection.isClosed).toBe(false);
    expect(serving.runtime.pluginStatus('greeter').activeRequests).toBe(0);
    await host.close();
  });
});
