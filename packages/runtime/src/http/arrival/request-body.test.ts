import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { HotResponse } from '@hotswap/protocol/http';
import { createNodeListener } from '../node-listener.ts';
import { closing, dispatchTo, eventually, serveEdge } from '../testing/edge-server.ts';

const lengthOf = async (request: { text(): Promise<string> }): Promise<HotResponse> =>
  new HotResponse(`read ${(await request.text()).length}`);

describe('request bodies', () => {
  it('reads chunks and ignores trailers', async () => {
    await using edge = await serveEdge(async (request) => {
      const text = await request.text();
      return new HotResponse(`${text} ${request.headers.has('x-trailer')}`);
    });
    const body = '3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: no\r\n\r\n';
    const text = await edge.send(`POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n${closing}${body}`);
    expect(text).toContain('abcde false');
  });

  it('passes an untouched body through, part by part', async () => {
    await using edge = await serveEdge((request) => new HotResponse(request.body));
    const client = await edge.open();
    client.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n');
    await client.until('first');
    client.write('6\r\nsecond\r\n0\r\n\r\n');
    await client.until('0\r\n\r\n');
    expect(client.received).toContain('second');
  });

  it('holds back a sender that nobody reads', async () => {
    const go = Promise.withResolvers<void>();
    await using edge = await serveEdge(
      async (request) => {
        await go.promise;
        return lengthOf(request);
      },
      { maxBodyBytes: 64 * 1024 * 1024 },
    );
    const client = await edge.open();
    const size = 32 * 1024 * 1024;
    client.write(`POST / HTTP/1.1\r\nContent-Length: ${size}\r\n${closing}`);
    client.socket.write(Buffer.alloc(size));
    await eventually(() => edge.ledger.opened === 1);
    for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(client.socket.writableLength).toBeGreaterThan(0);
    go.resolve();
    expect(await client.rest()).toContain(`read ${size}`);
  });

  it('serves the next request after a small body that nobody read', async () => {
    await using edge = await serveEdge(({ target }) => new HotResponse(`at ${target}`));
    const client = await edge.open();
    client.write(`POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\n${closing}`);
    expect(await client.rest()).toMatch(/at \/a[^]*at \/b/);
  });

  it('serves the next request after a body that was read in part', async () => {
    await using edge = await serveEdge(async (request) => {
      if (request.target === '/b') return new HotResponse('second');
      const reader = request.body!.getReader();
      await reader.read();
      await reader.cancel();
      return new HotResponse('first');
    });
    const client = await edge.open();
    client.write('POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello');
    await client.until('first');
    client.write(`worldGET /b HTTP/1.1\r\n${closing}`);
    expect(await client.rest()).toContain('second');
  });

  it('closes the connection after a large body that nobody reads', async () => {
    await using edge = await serveEdge(() => new HotResponse('done'));
    const client = await edge.open();
    client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\nhello');
    expect(await client.rest()).toMatch(/connection: close[^]*done/i);
  });

  it('answers 413 to a body that is announced too large, before any plugin sees it', async () => {
    await using edge = await serveEdge(lengthOf, { maxBodyBytes: 10 });
    const client = await edge.open();
    client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n');
    expect(await client.rest()).toMatch(/^HTTP\/1.1 413 [^]*connection: close[^]*BODY_TOO_LARGE/i);
    expect(edge.ledger.opened).toBe(0);
  });

  it('answers 413 to chunks that grow too large, and closes', async () => {
    await using edge = await serveEdge(lengthOf, { maxBodyBytes: 10 });
    const client = await edge.open();
    client.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n14\r\n12345678901234567890\r\n');
    expect(await client.rest()).toMatch(/^HTTP\/1.1 413 [^]*connection: close[^]*BODY_TOO_LARGE/i);
    expect(edge.ledger.closed).toBe(1);
  });

  it('asks a client that waits for 100 Continue only when a plugin reads', async () => {
    await using edge = await serveEdge((request) =>
      request.target === '/read' ? lengthOf(request) : new HotResponse('unread'),
    );
    const head = 'HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n';
    const reading = await edge.open();
    reading.write(`POST /read ${head}`);
    await reading.until('100 Continue\r\n\r\n');
    reading.write('hi');
    await reading.until('read 2');
    reading.socket.destroy();
    const refused = await edge.open();
    refused.write(`POST /no ${head}`);
    expect(await refused.rest()).toMatch(/^HTTP\/1.1 200 [^]*connection: close[^]*unread/i);
  });

  it('answers 413 without 100 Continue', async () => {
    await using edge = await serveEdge(lengthOf, { maxBodyBytes: 1 });
    const client = await edge.open();
    client.write('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
    expect(await client.rest()).toMatch(/^HTTP\/1.1 413 /);
  });

  it('fails the read with CLIENT_LEFT when the sender breaks off', async () => {
    const failure = Promise.withResolvers<unknown>();
    await using edge = await serveEdge(async (request) => {
      await request.text().catch(failure.resolve);
      return new HotResponse('late');
    });
    const client = await edge.open();
    client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf');
    await eventually(() => edge.ledger.opened === 1);
    client.socket.destroy();
    expect(await failure.promise).toMatchObject({ code: 'CLIENT_LEFT' });
  });

  it.each([
    ['names the mounting order when a parser left nothing', false],
    ['reads what a parser kept as rawBody', true],
  ])('%s', async (_, keeps) => {
    const listener = createNodeListener(dispatchTo(lengthOf));
    const server = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part);
      if (keeps) Object.assign(request, { rawBody: Buffer.concat(parts) });
      listener(request, response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const answer = await fetch(url, { method: 'POST', body: 'hello' });
    expect(answer.status).toBe(keeps ? 200 : 500);
    expect(await answer.text()).toMatch(keeps ? /read 5/ : /BODY_ALREADY_READ[^]*mount the runtime before it/);
    server.close();
    server.closeAllConnections();
  });
});
