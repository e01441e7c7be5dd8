import { once } from 'node:events';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createServerLog } from './server-log.ts';
import { startServer } from './server.ts';
import type { Server, ServerOptions } from './server.ts';

let cwd: string;

beforeEach(async () => {
  cwd = await realpath(await mkdtemp(join(tmpdir(), 'hotswap-server-')));
});

/** Closed before their folder goes: what they write at their end belongs in it. */
const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  // No `force`: it would hide that a server wrote after it had said it was closed.
  await rm(cwd, { recursive: true });
});

/** A plugin that sees everything, uses all a page can do with its origin, shows who asks, reads and fails. */
const page = `export default {
  start(ctx) {
    const headers = { 'set-cookie': 'a=b', 'service-worker-allowed': '/', 'content-type': 'text/html' };
    ctx.http.onResponse({ paths: ['/*'] }, (head) => head.headers.set('x-seen', '1'));
    ctx.http.get('/page', () => new Response('<h1>page</h1>', { headers }));
    ctx.http.get('/client', (request, { client, requestId }) => Response.json({ ...client, requestId }));
    ctx.http.post('/size', async (request) => new Response(String((await request.text()).length)));
    for (const path of ['/chat', '/plugins/:name/chat']) {
      ctx.http.websocket(path, { open: (peer) => peer.send(peer.client.address), message() {} });
    }
    ctx.http.get('/broken', () => new Response('short', { headers: { 'content-length': '99' } }));
  },
};`;

/** A server with that plugin, and the lines of its log. */
async function start(settings: string, options: Partial<ServerOptions> = {}) {
  const manifest = {
    name: 'page',
    version: '1.0.0',
    type: 'module',
    main: './index.js',
    engines: { hotswap: '^1.0.0' },
  };
  await mkdir(join(cwd, 'plugins/page'), { recursive: true });
  await writeFile(join(cwd, 'plugins/page/package.json'), JSON.stringify(manifest));
  await writeFile(join(cwd, 'plugins/page/index.js'), page);
  const file = `${settings}\n[plugins]\nwatch = false\n[plugins.security]\nallowUnsigned = true\n`;
  await writeFile(join(cwd, 'hotswap.toml'), file);
  const stream = new PassThrough().setEncoding('utf8');
  const texts: string[] = [];
  stream.on('data', (text: string) => texts.push(text));
  const log = createServerLog({ stream, level: 'debug' });
  const env = { HOTSWAP_SERVER_BIND: '127.0.0.1:0' };
  const server = await startServer({ mode: 'operate', configFile: 'hotswap.toml', cwd, env, log, ...options });
  servers.push(server);
  const lines = (): readonly Record<string, unknown>[] =>
    texts
      .join('')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  return { server, url: server.url, lines };
}

describe('plugins on the address of management', () => {
  test('cannot act as its pages', async () => {
    const { server, url } = await start('');
    expect(server.managementUrl).toBe(url);
    const { headers } = await fetch(`${url}/page`);
    expect(headers.get('content-security-policy')).toBe('sandbox');
    expect(headers.get('set-cookie')).toBeNull();
    expect(headers.get('service-worker-allowed')).toBeNull();
  });

  test('never see what is asked of management', async () => {
    const { url } = await start('');
    const { status, headers } = await fetch(`${url}/plugins/status`);
    expect([status, headers.get('x-seen')]).toEqual([200, null]);
    expect((await fetch(`${url}/page`)).headers.get('x-seen')).toBe('1');
  });

  test('take WebSocket connections, but none on a path of management', async () => {
    const { url, server } = await start('[server]\ntrustedProxies = ["127.0.0.1"]');
    const socket = new WebSocket(`${url.replace('http', 'ws')}/chat`);
    const [message, closed] = [once(socket, 'message'), once(socket, 'close')];
    expect((await message)[0].data).toBe('127.0.0.1');
    expect(server.runtime.pluginStatus('page')).toMatchObject({ websocket: 'available', connections: 1 });
    const refused = new WebSocket(`${url.replace('http', 'ws')}/plugins/page/chat`);
    await once(refused, 'error');
    expect(server.runtime.pluginStatus('page').connections).toBe(1);
    await server.close();
    expect((await closed)[0]).toMatchObject({ code: 1001 });
  });

  test('have an origin of their own when management is bound elsewhere', async () => {
    const { server, url } = await start('[server.management]\nbind = "127.0.0.1:0"');
    const { headers } = await fetch(`${url}/page`);
    expect(headers.get('content-security-policy')).toBeNull();
    expect(headers.get('set-cookie')).toBe('a=b');
    expect((await fetch(`${url}/plugins/status`)).status).toBe(404);
    expect((await fetch(`${server.managementUrl}/plugins/status`)).status).toBe(200);
    expect((await fetch(`${server.managementUrl}/page`)).status).toBe(404);
  });
});

describe('the settings of the listener', () => {
  test('say whose word on the client is believed', async () => {
    const headers = { 'x-forwarded-for': '192.0.2.1', 'x-request-id': 'up-17' };
    const ask = async (url: string) => (await fetch(`${url}/client`, { headers })).json();
    const { url: trusting } = await start('[server]\ntrustedProxies = ["127.0.0.0/8"]');
    expect(await ask(trusting)).toMatchObject({ address: '192.0.2.1', requestId: 'up-17' });
    const { url } = await start('[server]\ndata = "other"');
    expect(await ask(url)).toMatchObject({ address: '127.0.0.1', requestId: expect.not.stringMatching('up-17') });
  });

  test('bound bodies and addresses', async () => {
    const { url } = await start('[server.limits]\nmaxBody = "10B"\nmaxUrl = "64B"');
    const post = (length: number) => fetch(`${url}/size`, { method: 'POST', body: 'x'.repeat(length) });
    expect(await (await post(10)).text()).toBe('10');
    expect((await post(11)).status).toBe(413);
    expect((await fetch(`${url}/page?${'x'.repeat(64)}`)).status).toBe(414);
  });

  test('write a line for each request when they are asked to, without its query', async () => {
    const { url, lines } = await start('[server]\naccessLog = true');
    await (await fetch(`${url}/page?secret=1`)).text();
    const entry = () => lines().find(({ message }) => message === 'request answered');
    await expect.poll(entry).toMatchObject({ method: 'GET', path: '/page', status: 200 });
    expect(JSON.stringify(lines())).not.toContain('secret=1');
  });

  test('leave requests out of the log otherwise, but not failures', async () => {
    const { url, lines } = await start('');
    await (await fetch(`${url}/page`)).text();
    expect((await fetch(`${url}/broken`)).status).toBe(502);
    await expect.poll(lines).toContainEqual(expect.objectContaining({ code: 'RESPONSE_LENGTH_MISMATCH' }));
    expect(lines().map(({ message }) => message)).not.toContain('request answered');
  });
});

describe('a host with a part of its own', () => {
  test('is asked for it before any plugin runs, answers what no plugin answers, and is let go of last', async () => {
    const order: string[] = [];
    const { server, url } = await start('', {
      metricsPrefix: 'shop',
      prepare: (runtime, { config }) => {
        order.push(`prepared with ${runtime.status().plugins.length} plugins in ${config.server.data}`);
        runtime.on('transition', ({ plugin, to }) => order.push(`${plugin} is ${to}`));
        return {
          fallback: ({ url: asked }) => new Response(`host at ${new URL(asked).pathname}`),
          close: async () => void order.push('host is closed'),
        };
      },
    });
    expect(await (await fetch(`${url}/elsewhere`)).text()).toBe('host at /elsewhere');
    expect(await (await fetch(`${url}/page`)).text()).toBe('<h1>page</h1>');
    expect(server.runtime.metrics()).toContain('shop_plugin_active_requests');
    await server.close();
    expect(order[0]).toBe(`prepared with 0 plugins in ${join(cwd, 'data')}`);
    expect(order[1]).toBe('page is active');
    expect(order.at(-1)).toBe('host is closed');
  });

  test('that cannot be prepared keeps the server from starting, and leaves nothing behind', async () => {
    const prepare = () => Promise.reject(new Error('the store is locked'));
    await expect(start('', { prepare })).rejects.toThrow('the store is locked');
    const { server } = await start('');
    expect(server.runtime.status().plugins).toHaveLength(1);
  });
});
