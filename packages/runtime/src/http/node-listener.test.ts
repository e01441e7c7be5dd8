import { createServer, get } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { defineErrors } from '@hotswap/protocol';
import { HotResponse } from '@hotswap/protocol/http';
import type { AccessEntry } from './access-log.ts';
import { createNodeListener } from './node-listener.ts';
import { closing, dispatchTo, eventually, partsOf, serveEdge } from './testing/edge-server.ts';

const fail = defineErrors({
  GONE_AWAY: { kind: 'not-found', message: 'no {thing} here' },
  TOO_MANY: { kind: 'limit', message: 'slow down' },
  PLUGIN_UNLOADING: { kind: 'unavailable', message: 'plugin is unloading' },
  PLUGIN_HANDLER_FAILED: { kind: 'plugin-fault', message: 'stack at /secret/path' },
});

describe('the Node listener', () => {
  it('answers at once, gives every lease back and keeps the connection', async () => {
    await using edge = await serveEdge((request) => new HotResponse(`hello ${request.target}`));
    const client = await edge.open();
    client.write('GET /a HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await client.until('hello /a');
    client.write('GET /b HTTP/1.1\r\nHost: a.test\r\n\r\n');
    const text = await client.until('hello /b');
    expect(text).toContain('content-type: text/plain;charset=UTF-8\r\ncontent-length: 8\r\n');
    expect(edge.ledger).toMatchObject({ opened: 2, closed: 2, aborted: [] });
  });

  it('answers pipelined requests in their order, the slow one first', async () => {
    const slow = Promise.withResolvers<HotResponse>();
    await using edge = await serveEdge((request) =>
      request.target === '/slow' ? slow.promise : new HotResponse('fast'),
    );
    const client = await edge.open();
    client.write(`GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /fast HTTP/1.1\r\n${closing}`);
    await eventually(() => edge.ledger.opened === 2);
    slow.resolve(new HotResponse('slow'));
    const text = await client.rest();
    expect(text.indexOf('slow')).toBeLessThan(text.indexOf('fast'));
    expect(edge.ledger.closed).toBe(2);
  });

  it('answers HEAD with the length and without the body', async () => {
    await using edge = await serveEdge(() => new HotResponse('hello'));
    const text = await edge.send(`HEAD / HTTP/1.1\r\n${closing}`);
    expect(text).toContain('content-length: 5');
    expect(text.endsWith('\r\n\r\n')).toBe(true);
  });

  it.each([204, 304])('answers %i without a body', async (status) => {
    await using edge = await serveEdge(() => new HotResponse('hello', { status }));
    const text = await edge.send(`GET / HTTP/1.1\r\n${closing}`);
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(text).not.toContain('hello');
  });

  it('serves clients of HTTP/1.0, which know no chunks', async () => {
    await using edge = await serveEdge(() => new HotResponse(partsOf('one ', 'two')));
    const text = await edge.send('GET / HTTP/1.0\r\n\r\n');
    expect(text).not.toContain('transfer-encoding');
    expect(text.endsWith('\r\n\r\none two')).toBe(true);
  });

  it('carries TRACE, and GET with a body', async () => {
    await using edge = await serveEdge(async (request) => new HotResponse(`${request.method} ${await request.text()}`));
    expect(await edge.send(`TRACE / HTTP/1.1\r\n${closing}`)).toContain('TRACE ');
    expect(await edge.send(`GET / HTTP/1.1\r\nContent-Length: 2\r\n${closing}hi`)).toContain('GET hi');
  });

  it('resolves dot segments, so that the router and the plugin read the same path', async () => {
    await using edge = await serveEdge(({ target, url }) => new HotResponse(`${target} ${new URL(url).pathname}`));
    expect(await edge.send(`GET /open/../admin/%2e/x?a=/../b HTTP/1.1\r\n${closing}`)).toContain(
      '/admin/x?a=/../b /admin/x',
    );
    expect(await edge.send(`GET http://b.test/y HTTP/1.1\r\n${closing}`)).toContain('/y /y');
  });

  it('gives a host that is none no way into the address', async () => {
    await using edge = await serveEdge(({ url }) => new HotResponse(url));
    const text = await edge.send('GET /p HTTP/1.1\r\nHost: a.test/admin?\r\nConnection: close\r\n\r\n');
    expect(text).toContain('http://localhost/p');
  });

  it('turns coded errors into the error body with the status of their kind', async () => {
    await using edge = await serveEdge(() => {
      throw fail('GONE_AWAY', { thing: 'key' });
    });
    const text = await edge.send(`GET / HTTP/1.1\r\n${closing}`);
    expect(text).toMatch(/^HTTP\/1.1 404 /);
    const { error } = JSON.parse(text.slice(text.indexOf('\r\n\r\n')));
    expect(error).toMatchObject({ code: 'GONE_AWAY', message: 'no key here', details: [{ thing: 'key' }] });
    expect(error.traceId).toMatch(/^[\w-]+-0$/);
  });

  it('says when to come back, and nothing but that while a plugin is unloaded', async () => {
    await using edge = await serveEdge(async (request) => {
      throw fail(request.target === '/full' ? 'TOO_MANY' : 'PLUGIN_UNLOADING', { retryAfterSeconds: 1.5 });
    });
    expect(await edge.send(`GET /full HTTP/1.1\r\n${closing}`)).toMatch(/429 [^]*retry-after: 2/);
    const unloading = await edge.send(`GET / HTTP/1.1\r\n${closing}`);
    expect(unloading).toMatch(/503 [^]*retry-after: 2/);
    expect(unloading.endsWith('\r\n\r\nService temporarily unavailable')).toBe(true);
  });

  it('keeps what a failing plugin says from clients and tells the log', async () => {
    const logged: unknown[] = [];
    const line = (fields: unknown): void => void logged.push(fields);
    const log = { debug: line, info: line, warn: line, error: line };
    await using edge = await serveEdge(
      (request) => {
        throw request.target === '/coded' ? fail('PLUGIN_HANDLER_FAILED', { stderr: 'secret' }) : new Error('secret');
      },
      { log },
    );
    const text =
      (await edge.send(`GET / HTTP/1.1\r\n${closing}`)) + (await edge.send(`GET /coded HTTP/1.1\r\n${closing}`));
    expect(text.match(/HTTP\/1.1 502/g)).toHaveLength(2);
    expect(text).not.toMatch(/secret|\.ts/);
    expect(logged).toMatchObject([{ code: 'PLUGIN_FAULT' }, { code: 'PLUGIN_HANDLER_FAILED' }]);
  });

  it('aborts when the client leaves before the answer, and closes once the handler has let go', async () => {
    const answer = Promise.withResolvers<HotResponse>();
    let signal: AbortSignal | undefined;
    await using edge = await serveEdge((request) => {
      signal = request.signal;
      return answer.promise;
    });
    const client = await edge.open();
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await eventually(() => edge.ledger.opened === 1);
    client.socket.destroy();
    await eventually(() => edge.ledger.aborted.length === 1);
    expect(signal?.aborted).toBe(true);
    expect(edge.ledger.aborted).toMatchObject([{ code: 'CLIENT_LEFT' }]);
    answer.resolve(new HotResponse('late'));
    await eventually(() => edge.ledger.closed === 1);
  });

  it('aborts every pipelined request of a client that leaves', async () => {
    await using edge = await serveEdge(() => new Promise<HotResponse>(() => {}));
    const client = await edge.open();
    client.write('GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n');
    await eventually(() => edge.ledger.opened === 2);
    client.socket.destroy();
    await eventually(() => edge.ledger.aborted.length === 2);
  });

  it('lets go of a late stream whose client has left', async () => {
    const answer = Promise.withResolvers<HotResponse>();
    await using edge = await serveEdge(() => answer.promise);
    const client = await edge.open();
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await eventually(() => edge.ledger.opened === 1);
    client.socket.destroy();
    await eventually(() => edge.ledger.aborted.length === 1);
    let isCancelled = false;
    answer.resolve(new HotResponse(new ReadableStream({ cancel: () => void (isCancelled = true) })));
    await eventually(() => edge.ledger.closed === 1 && isCancelled);
  });

  it('calls next when no plugin answers, and 404 without one', async () => {
    const listener = createNodeListener(dispatchTo(async () => undefined));
    const server = createServer((request, response) => {
      if (request.url === '/host') listener(request, response, () => response.end('from the host'));
      else listener(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await (await fetch(`${url}/host`)).text()).toBe('from the host');
    expect((await fetch(url)).status).toBe(404);
    server.close();
    server.closeAllConnections();
  });

  it('writes one access entry for each request, without the query', async () => {
    const entries: AccessEntry[] = [];
    await using edge = await serveEdge(() => new HotResponse('a', { status: 201 }), {
      accessLog: (entry) => entries.push(entry),
    });
    await edge.send(`GET /p?token=secret HTTP/1.1\r\nUser-Agent: t\r\n${closing}`);
    await eventually(() => entries.length === 1);
    expect(entries).toMatchObject([
      { method: 'GET', path: '/p', status: 201, remoteAddress: '127.0.0.1', userAgent: 't', isComplete: true },
    ]);
  });

  it('gives every request an id of its own', async () => {
    await using edge = await serveEdge((request) => new HotResponse(request.source?.requestId));
    const ids = await Promise.all([1, 2, 3].map(() => textAt(edge.listening.url)));
    expect(new Set(ids).size).toBe(3);
  });
});

function textAt(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { 'x-request-id': 'chosen-by-client' } }, async (response) => {
      let text = '';
      for await (const part of response) text += part;
      resolve(text);
    }).on('error', reject);
  });
}
