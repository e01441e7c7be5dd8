import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import Fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { describe, expect, it } from 'vitest';
import { HotResponse } from '@hotswap/protocol/http';
import { expressMiddleware, fastifyPlugin, koaMiddleware } from './adapters.ts';
import { createFetchHandler } from './fetch-handler.ts';
import { dispatchTo, partsOf, stuck } from './testing/edge-server.ts';
import type { Ledger } from './testing/edge-server.ts';

const dispatch = (ledger?: Ledger) =>
  dispatchTo(async (request) => {
    if (request.target.startsWith('/plugin')) {
      const text = request.method === 'POST' ? await request.text() : '';
      return new HotResponse(`plugin ${request.target} ${text}`, { status: 201, headers: { 'x-from': 'plugin' } });
    }
    return undefined;
  }, ledger);

async function served(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function expectBoth(url: string): Promise<void> {
  const fromPlugin = await fetch(`${url}/plugin/a?b=1`, { method: 'POST', body: 'sent' });
  expect([fromPlugin.status, fromPlugin.headers.get('x-from'), await fromPlugin.text()]).toEqual([
    201,
    'plugin',
    'plugin /plugin/a?b=1 sent',
  ]);
  expect(await (await fetch(`${url}/host`)).text()).toBe('host');
}

describe('adapters', () => {
  it('answers in front of an Express app, which answers the rest', async () => {
    const app = express();
    app.use(expressMiddleware(dispatch()));
    app.use(express.json());
    app.get('/host', (_, response) => void response.send('host'));
    await using server = await served(app);
    await expectBoth(server.url);
  });

  it('shows plugins the path below an Express mount', async () => {
    const app = express().use('/mounted', expressMiddleware(dispatch()));
    await using server = await served(app);
    expect(await (await fetch(`${server.url}/mounted/plugin`)).text()).toBe('plugin /plugin ');
  });

  it('says where to mount when an Express body parser came first', async () => {
    const app = express().use(express.json(), expressMiddleware(dispatch()));
    await using server = await served(app);
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${server.url}/plugin`, { method: 'POST', body: '{}', headers });
    expect(await answer.json()).toMatchObject({ error: { code: 'BODY_ALREADY_READ' } });
  });

  it('answers in front of Fastify, also where Fastify has no route', async () => {
    const fastify = Fastify();
    await fastify.register(fastifyPlugin(dispatch()));
    fastify.get('/host', async () => 'host');
    const url = await fastify.listen({ port: 0, host: '127.0.0.1' });
    await expectBoth(url);
    expect((await fetch(`${url}/nowhere`)).status).toBe(404);
    await fastify.close();
  });

  it('answers in front of a Koa app, which answers the rest', async () => {
    const app = new Koa();
    app.use(koaMiddleware(dispatch()));
    app.use((context) => {
      context.body = 'host';
    });
    await using server = await served(app.callback());
    await expectBoth(server.url);
  });

  it('answers inside a Hono app', async () => {
    const handler = createFetchHandler(dispatch());
    const app = new Hono();
    app.get('/host', (context) => context.text('host'));
    app.all('*', (context) => handler(context.req.raw));
    const answer = await app.request('/plugin/a', { method: 'POST', body: 'sent' });
    expect([answer.status, await answer.text()]).toEqual([201, 'plugin /plugin/a sent']);
    expect(await (await app.request('/host')).text()).toBe('host');
    expect((await app.request('/nowhere')).status).toBe(404);
  });
});

describe('the fetch handler', () => {
  const newLedger = (): Ledger => ({ opened: 0, closed: 0, aborted: [], cutOffs: [] });

  it('closes an exchange when its stream ends, or when nobody wants the rest', async () => {
    const ledger = newLedger();
    const handler = createFetchHandler(dispatchTo(() => new HotResponse(partsOf('a', 'b')), ledger));
    const read = await handler(new Request('http://a.test/'));
    expect(ledger.closed).toBe(0);
    expect(await read.text()).toBe('ab');
    expect(ledger.closed).toBe(1);
    const left = await handler(new Request('http://a.test/'));
    await left.body?.cancel();
    expect(ledger.closed).toBe(2);
  });

  it('breaks a stream off when the host may wait no longer', async () => {
    const ledger = newLedger();
    const handler = createFetchHandler(dispatchTo(() => new HotResponse(stuck()), ledger));
    const text = (await handler(new Request('http://a.test/'))).text();
    const reason = new Error('the drain time-out passed');
    ledger.cutOffs[0]?.(reason);
    await expect(text).rejects.toBe(reason);
    expect(ledger.closed).toBe(1);
  });

  it('aborts the exchange when the request is aborted', async () => {
    const ledger = newLedger();
    const client = new AbortController();
    const answer = Promise.withResolvers<HotResponse>();
    const handler = createFetchHandler(dispatchTo(() => answer.promise, ledger));
    const pending = handler(new Request('http://a.test/', { signal: client.signal }));
    client.abort();
    expect(ledger.aborted).toHaveLength(1);
    answer.resolve(new HotResponse('a'));
    await pending;
    expect(ledger.closed).toBe(1);
  });

  it('keeps the rules of the edge: framing, statuses, limits and proxy fields', async () => {
    const handler = createFetchHandler(
      dispatchTo(async (request) => {
        if (request.target === '/switch') return new HotResponse(null, { status: 101 });
        if (request.target === '/bad') return new HotResponse('x', { headers: { 'bad name': 'x' } });
        const text = `${(await request.text()).length} ${request.headers.get('x-tenant-id')}`;
        return new HotResponse(text, { headers: { connection: 'close' } });
      }),
      { maxBodyBytes: 3 },
    );
    const init = { method: 'POST', headers: { 'x-tenant-id': 't' } };
    const good = await handler(new Request('http://a.test/', { ...init, body: 'abc' }));
    expect([await good.text(), good.headers.has('connection')]).toEqual(['3 null', false]);
    expect((await handler(new Request('http://a.test/', { ...init, body: 'abcd' }))).status).toBe(413);
    expect((await handler(new Request('http://a.test/switch'))).status).toBe(502);
    expect((await handler(new Request('http://a.test/bad'))).status).toBe(502);
  });
});
