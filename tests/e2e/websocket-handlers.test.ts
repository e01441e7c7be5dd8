import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRuntime } from '@hotswap/runtime';
import { describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { RawConnection } from '../serving/raw-connection.ts';
import { servePlugins } from '../serving/serve-plugins.ts';
import { refusedUpgrade, SocketClient } from '../serving/socket-client.ts';

const chat = `
  ctx.http.websocket('/chat', { open(peer) {}, message(peer, data) { peer.send(data); }, close(peer) {} });`;

const upgradeHead = (path: string, more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${more}\r\n`;

describe('a WebSocket route', () => {
  it('echoes text and bytes', async () => {
    await using served = await servePlugins({ plugins: { chat } });
    using client = await SocketClient.open(`${served.url}/chat`);
    client.send('hello');
    client.send(new Uint8Array([1, 2, 3]));
    await client.got('hello', Buffer.from([1, 2, 3]));
  });

  it('knows path, address, fields, client and subprotocol of its peer', async () => {
    const rooms = `
      ctx.http.websocket('/rooms/:room', {
        open(peer) {
          const { url, params, client, protocol } = peer;
          peer.send(JSON.stringify([new URL(url).search, params.room, client.address, protocol, peer.headers.get('x-who')]));
        },
        message() {},
      }, { protocols: ['chat.v2', 'chat.v1'] });`;
    await using served = await servePlugins({ plugins: { rooms } });
    using client = await SocketClient.open(`${served.url}/rooms/blue%20one?a=1`, {
      headers: { 'x-who': 'ada', 'x-forwarded-for': '203.0.113.9' },
      protocols: ['unknown', 'chat.v1', 'chat.v2'],
    });
    await client.got('["?a=1","blue one","127.0.0.1","chat.v1","ada"]');
    expect(client.socket.protocol).toBe('chat.v1');
  });

  it('believes a trusted proxy about the client', async () => {
    const who = `
      ctx.http.websocket('/who', { open: (peer) => peer.send(peer.client.address), message() {} });`;
    await using served = await servePlugins({ plugins: { who }, sockets: { trustedProxies: ['127.0.0.1'] } });
    using client = await SocketClient.open(`${served.url}/who`, { headers: { 'x-forwarded-for': '203.0.113.9' } });
    await client.got('203.0.113.9');
  });

  it('gets the events of one connection one at a time and in order', async () => {
    const slow = `
      let open = 0;
      ctx.http.websocket('/slow', {
        async message(peer, data) {
          if (++open > 1) peer.send('two at once');
          await ctx.clock.sleep(data === 'first' ? 30 : 0);
          open--;
          peer.send(data);
        },
        close(peer, code, reason) { ctx.log.error({ code, reason }, 'closed'); },
      });`;
    await using served = await servePlugins({ plugins: { slow } });
    using client = await SocketClient.open(`${served.url}/slow`);
    const words = ['first', 'second', 'third'];
    for (const word of words) client.send(word);
    await client.got(...words);
    client.socket.close(4_000, 'enough');
    await expect
      .poll(() => served.lines.find(({ message }) => message === 'closed')?.fields)
      .toMatchObject({
        code: 4_000,
        reason: 'enough',
      });
    expect(served.runtime.pluginStatus('slow')).toMatchObject({ connections: 0, activeRequests: 0 });
  });

  it('closes with 1011 when a handler throws, which counts as an error of the plugin', async () => {
    const broken = `
      ctx.http.websocket('/broken', {
        message() { throw new Error('not today'); },
        close(peer, code) { ctx.log.error({ code }, 'closed'); },
      });`;
    await using served = await servePlugins({ plugins: { broken } });
    using client = await SocketClient.open(`${served.url}/broken`);
    client.send('x');
    expect(await client.closed()).toBe('1011 the plugin failed');
    expect(served.lines.filter(({ message }) => message === 'closed').map(({ fields }) => fields['code'])).toEqual([
      1011,
    ]);
    expect(served.runtime.pluginStatus('broken').counts.errors).toBe(1);
  });

  it('closes with 1011 when a handler takes longer than a call may', async () => {
    const hanging = `
      ctx.http.websocket('/hanging', { message: () => new Promise(() => {}) });`;
    await using served = await servePlugins({ plugins: { hanging }, runtime: { limits: { callTimeoutMs: 50 } } });
    using client = await SocketClient.open(`${served.url}/hanging`);
    client.send('x');
    expect(await client.closed()).toBe('1011 the plugin failed');
  });

  it('closes as the plugin wants, and hands nothing over afterwards', async () => {
    const strict = `
      ctx.http.websocket('/strict', {
        message(peer, data) {
          peer.send(data);
          for (const [code, reason] of [[1005, ''], [1000, 'x'.repeat(124)], [2_000, '']]) {
            try { peer.close(code, reason); } catch (error) { peer.send(error.code); }
          }
          peer.close(4_001, 'that was one too many');
          peer.send('never');
        },
      });`;
    await using served = await servePlugins({ plugins: { strict } });
    using client = await SocketClient.open(`${served.url}/strict`);
    client.send('one');
    client.send('two');
    expect(await client.closed()).toBe('4001 that was one too many');
    const refused = 'WEBSOCKET_CLOSE_INVALID';
    await client.got('one', refused, refused, refused);
  });

  it('refuses an attachment that is too large or cannot be copied, and keeps the one before', async () => {
    const keeping = `
      ctx.http.websocket('/keeping', {
        open(peer) {
          peer.attachment = { kept: true };
          for (const value of ['x'.repeat(16_384), () => {}]) {
            try { peer.attachment = value; } catch (error) { peer.send(error.code); }
          }
          peer.attachment = { bytes: 'x'.repeat(16_000) };
          peer.attachment = undefined;
          peer.attachment = { kept: 'still' };
          peer.send(JSON.stringify(peer.attachment));
        },
        message() {},
      });`;
    await using served = await servePlugins({ plugins: { keeping } });
    using client = await SocketClient.open(`${served.url}/keeping`);
    await client.got('ATTACHMENT_TOO_LARGE', 'VALUE_NOT_CLONEABLE', '{"kept":"still"}');
  });
});

describe('a request for a WebSocket', () => {
  it('passes the middleware and hooks in front of its path as a GET, which may refuse it', async () => {
    const gate = `
      ctx.http.use({ paths: ['/chat'] }, async (request, next) => {
        if (request.headers.get('origin') !== 'https://good.test') return new Response('who are you?', { status: 403 });
        const answer = await next(request);
        answer.headers.append('set-cookie', 'seen=' + request.method + answer.status);
        return answer;
      });
      ctx.http.onRequest({ paths: ['/chat'] }, (head) =>
        head.headers.get('x-tired') ? new Response('later', { status: 429, headers: { 'retry-after': '7' } }) : undefined);`;
    await using served = await servePlugins({ plugins: { gate, chat } });
    expect(await refusedUpgrade(`${served.url}/chat`)).toMatchObject({ status: 403, body: 'who are you?' });
    const tired = await refusedUpgrade(`${served.url}/chat`, {
      origin: 'https://good.test',
      headers: { 'x-tired': '1' },
    });
    expect([tired.status, tired.headers['retry-after']]).toEqual([429, '7']);
    using client = await SocketClient.open(`${served.url}/chat`, { origin: 'https://good.test' });
    client.send('in');
    await client.got('in');
    using raw = await RawConnection.open(served.port);
    raw.write(upgradeHead('/chat', 'Origin: https://good.test\r\n'));
    expect(await raw.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 101 [\s\S]*set-cookie: seen=GET101\r\n/);
    expect(served.runtime.pluginStatus('gate').activeRequests).toBe(0);
  });

  it('is 502 when a middleware says 101 by itself', async () => {
    const liar = `ctx.http.use({ paths: ['/chat'] }, () => new Response(null, { status: 101 }));`;
    await using served = await servePlugins({ plugins: { liar, chat } });
    expect((await refusedUpgrade(`${served.url}/chat`)).status).toBe(502);
  });

  it('is 404 where nobody has the path, and the answer of the route where that is a plain one', async () => {
    await using served = await servePlugins({
      plugins: { chat, plain: `ctx.http.get('/plain', () => new Response('plain'));` },
    });
    expect((await refusedUpgrade(`${served.url}/nowhere`)).status).toBe(404);
    expect(await refusedUpgrade(`${served.url}/plain`)).toMatchObject({ status: 200, body: 'plain' });
    using raw = await RawConnection.open(served.port);
    raw.write(upgradeHead('/plain'));
    expect((await raw.answer()).headers.get('connection')).toBe('close');
    expect((await raw.closed()).error).toBeUndefined();
  });

  it('goes to the listeners of the host where no plugin has the path', async () => {
    await using served = await servePlugins({ plugins: { chat } });
    const own = new WebSocketServer({ noServer: true });
    served.listening.server.on('upgrade', (request, socket, head) => {
      if (request.url === '/own') own.handleUpgrade(request, socket, head, (peer) => peer.send('from the host'));
    });
    using ofHost = await SocketClient.open(`${served.url}/own`);
    await ofHost.got('from the host');
    using ofPlugin = await SocketClient.open(`${served.url}/chat`);
    ofPlugin.send('x');
    await ofPlugin.got('x');
  });

  it('is answered once by two runtimes on one server', async () => {
    await using served = await servePlugins({ plugins: { chat } });
    await using second = await createRuntime({ environment: {} }).start();
    second.websockets(served.listening.server);
    using client = await SocketClient.open(`${served.url}/chat`);
    client.send('x');
    await client.got('x');
    expect((await refusedUpgrade(`${served.url}/nowhere`)).status).toBe(404);
  });

  it('is 503 while its plugin is unloaded, and 404 afterwards', async () => {
    await using served = await servePlugins({
      plugins: {
        chat: `${chat} ctx.http.get('/hold', () => new Promise((done) => { globalThis.letGo = () => done(new Response()); }));`,
      },
    });
    using held = await RawConnection.open(served.port);
    held.write('GET /hold HTTP/1.1\r\nHost: a\r\n\r\n');
    await expect.poll(() => served.runtime.pluginStatus('chat').activeRequests).toBe(1);
    const unloading = served.runtime.unload('chat');
    await expect.poll(() => served.runtime.pluginStatus('chat').state).toBe('unloading');
    const refused = await refusedUpgrade(`${served.url}/chat`);
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1']);
    (Reflect.get(globalThis, 'letGo') as () => void)();
    await unloading;
    expect((await refusedUpgrade(`${served.url}/chat`)).status).toBe(404);
  });

  it('is told to the access log, accepted or refused', async () => {
    const entries: unknown[] = [];
    const sockets = {
      accessLog: ({ path, status }: { path: string; status: number }) => void entries.push([path, status]),
    };
    const gate = `ctx.http.use({ paths: ['/chat'] }, (request, next) =>
      request.headers.has('x-in') ? next(request) : new Response('', { status: 403 }));`;
    await using served = await servePlugins({ plugins: { gate, chat }, sockets });
    await refusedUpgrade(`${served.url}/chat?secret=1`);
    using _client = await SocketClient.open(`${served.url}/chat`, { headers: { 'x-in': '1' } });
    await expect
      .poll(() => entries)
      .toEqual([
        ['/chat', 403],
        ['/chat', 101],
      ]);
  });

  it('has no body', async () => {
    await using served = await servePlugins({ plugins: { chat } });
    using raw = await RawConnection.open(served.port);
    raw.write(`${upgradeHead('/chat', 'Content-Length: 5\r\n')}hello`);
    const answer = await raw.answer();
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body).error.code).toBe('UPGRADE_WITH_BODY');
    await raw.closed();
  });

  it('may stand beside a page on the same path; a plain GET of a path without one is 426', async () => {
    const both = `${chat} ctx.http.get('/both', () => new Response('page'));
      ctx.http.websocket('/both', { open: (peer) => peer.send('socket'), message() {} });`;
    await using served = await servePlugins({ plugins: { both } });
    expect(await (await fetch(`${served.url}/both`)).text()).toBe('page');
    using client = await SocketClient.open(`${served.url}/both`);
    await client.got('socket');
    const plain = await fetch(`${served.url}/chat`);
    expect([plain.status, plain.headers.get('upgrade')]).toEqual([426, 'websocket']);
  });
});

describe('a host', () => {
  it('that hands no upgrades over is told so in status, notices, and to clients', async () => {
    await using served = await servePlugins({ plugins: { chat }, sockets: 'none' });
    const { runtime, url } = served;
    expect(runtime.pluginStatus('chat').websocket).toBe('unavailable');
    expect(runtime.status().notices).toContainEqual(expect.stringContaining('websocket: unavailable for chat'));
    expect((await refusedUpgrade(`${url}/chat`)).status).toBe(426);
    const sockets = runtime.websockets(served.listening.server);
    expect(runtime.pluginStatus('chat').websocket).toBe('available');
    expect(runtime.status().notices).not.toContainEqual(expect.stringContaining('websocket'));
    await sockets.close();
    expect(runtime.pluginStatus('chat').websocket).toBe('unavailable');
  });

  it('closes its connections with 1001 before its server', async () => {
    const runtime = await createRuntime({ environment: {} }).start();
    const server = createServer(runtime.listener()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const sockets = runtime.websockets(server);
    await runtime.load({
      name: 'chat',
      definition: { start: (ctx) => ctx.http.websocket('/chat', { message: (peer, data) => peer.send(data) }) },
    });
    const { port } = server.address() as AddressInfo;
    using client = await SocketClient.open(`http://127.0.0.1:${port}/chat`);
    expect(runtime.metrics()).toContain('hotswap_plugin_websocket_connections{plugin_name="chat"} 1');
    server.close();
    await sockets.close();
    expect(await client.closed()).toBe('1001 the server is closing');
    if (server.listening) await once(server, 'close');
    await runtime.close();
  });

  it('takes no more connections while the last ones close', async () => {
    await using served = await servePlugins({ plugins: { chat }, sockets: 'none' });
    const sockets = served.runtime.websockets(served.listening.server);
    using silent = await RawConnection.open(served.port);
    silent.write(upgradeHead('/chat'));
    await silent.until('101');
    const closing = sockets.close();
    const refused = await refusedUpgrade(`${served.url}/chat`);
    expect([refused.status, JSON.parse(refused.body).error.code]).toEqual([503, 'WEBSOCKET_SERVER_CLOSED']);
    silent.socket.destroy();
    await closing;
  });

  it('that closes its listening server by its deadline waits for no WebSocket', async () => {
    await using served = await servePlugins({ plugins: { chat } });
    using client = await SocketClient.open(`${served.url}/chat`);
    using silent = await RawConnection.open(served.port);
    silent.write(upgradeHead('/chat'));
    await silent.until('101');
    await served.listening.close({ graceMs: 100 });
    expect(await client.closed()).toBe('1001 the server is closing');
    await silent.closed();
  });
});
