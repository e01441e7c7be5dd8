import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { definePlugin } from '@hotswap/sdk';
import { createTestHost } from '@hotswap/sdk/testing';
import type { TestHost, TestHostOptions } from '@hotswap/sdk/testing';
import { afterEach, expect, test } from 'vitest';

const folder = fileURLToPath(new URL('..', import.meta.url));
/** Every test comes from this machine: as a proxy it can be anybody. */
const trustedProxies = ['127.0.0.0/8'];

type IsolationLevel = NonNullable<TestHostOptions['isolation']>;

let host: TestHost;
let server: Server;
let url: string;

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await host.close();
});

async function start(config: object, trusted = trustedProxies, isolation: IsolationLevel = 'basic'): Promise<void> {
  host = await createTestHost(folder, { config: { trustedProxies, ...config }, isolation });
  server = createServer(host.runtime.listener({ trustedProxies: trusted })).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  url = typeof address === 'object' ? `http://127.0.0.1:${address?.port}` : '';
}

function request(client: string, { method = 'GET', path = '/pks/lookup?op=get' } = {}): Promise<Response> {
  return fetch(url + path, { method, headers: { 'x-forwarded-for': client } });
}

async function ask(client: string, options?: { method?: string; path?: string }): Promise<number> {
  const response = await request(client, options);
  await response.arrayBuffer();
  return response.status;
}

test('lets a client look up as often as the budget says, and answers 429 with the time to wait', async () => {
  await start({ lookups: 2 });
  expect([await ask('192.0.2.1'), await ask('192.0.2.1'), await ask('192.0.2.1')]).toEqual([404, 404, 429]);
  const refused = await request('192.0.2.1');
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
  expect(await refused.text()).toMatch(/^Too many lookups; try again in \d+ s\.\n$/);
});

test('counts each client for itself', async () => {
  await start({ lookups: 1 });
  expect([await ask('192.0.2.1'), await ask('192.0.2.2'), await ask('192.0.2.1')]).toEqual([404, 404, 429]);
});

test('counts adds apart from look-ups', async () => {
  await start({ lookups: 1, adds: 1 });
  const add = { method: 'POST', path: '/pks/add' };
  expect([await ask('192.0.2.1'), await ask('192.0.2.1', add), await ask('192.0.2.1', add)]).toEqual([404, 404, 429]);
});

test('never limits who is on the allow list, nor paths outside the key server', async () => {
  await start({ lookups: 0, allow: ['192.0.2.0/24'] });
  expect([await ask('192.0.2.1'), await ask('198.51.100.1')]).toEqual([404, 429]);
  expect(await ask('198.51.100.1', { path: '/elsewhere' })).toBe(404);
});

test('does not believe a header that no trusted proxy wrote', async () => {
  await start({ lookups: 1 }, []);
  expect([await ask('192.0.2.1'), await ask('192.0.2.2')]).toEqual([404, 429]);
});

test('tells other plugins of a violation once', async () => {
  await start({ lookups: 0 });
  const { promise: heard, resolve } = Promise.withResolvers<unknown>();
  const listener = definePlugin({
    start: (ctx) => ctx.events.on('antiabuse.violation', ({ payload }) => resolve(payload)),
  });
  await host.runtime.load({ name: 'listener', definition: listener });
  await ask('192.0.2.1');
  expect(await heard).toEqual({ client: '192.0.2.1', budget: 'lookups' });
});

test('counts what it did', async () => {
  await start({ lookups: 1, allow: ['198.51.100.1'] });
  for (const client of ['192.0.2.1', '192.0.2.1', '198.51.100.1']) await ask(client);
  const metrics = host.runtime.metrics();
  for (const verdict of ['allowed', 'refused', 'exempt']) {
    expect(metrics).toMatch(new RegExp(`antiabuse_requests_total\\{.*verdict="${verdict}".*\\} 1`));
  }
});

test.each(['none', 'basic'] as const)('runs at isolation level %s', async (isolation) => {
  await start({ lookups: 1 }, trustedProxies, isolation);
  expect(host.runtime.pluginStatus(host.plugin)).toMatchObject({ isolation, name: 'antiabuse' });
  expect([await ask('192.0.2.1'), await ask('192.0.2.1')]).toEqual([404, 429]);
});

test('goes on judging through a swap', async () => {
  await start({ lookups: 0 });
  const asking = Array.from({ length: 20 }, () => ask('192.0.2.1'));
  const report = await host.swap(folder, { config: { lookups: 0, trustedProxies } });
  expect(report).toMatchObject({ outcome: 'swapped' });
  expect(new Set(await Promise.all(asking))).toEqual(new Set([429]));
  expect(await ask('192.0.2.1')).toBe(429);
});

test('takes a new config in place, and keeps the old one if the new one is wrong', async () => {
  await start({ lookups: 0 });
  const { generation } = host.runtime.pluginStatus(host.plugin);
  await host.runtime.configure(host.plugin, { lookups: 5, trustedProxies });
  expect(await ask('192.0.2.1')).toBe(404);
  expect(host.runtime.pluginStatus(host.plugin).generation).toBe(generation);
  const report = await host.runtime.configure(host.plugin, { allow: ['nonsense'] });
  expect(report.outcome).toBe('kept');
  expect(await ask('192.0.2.1')).toBe(404);
});

test.each(['basic', 'strict'] as const)('remembers its clients over a swap at %s', async (isolation) => {
  await start({ lookups: 2 }, trustedProxies, isolation);
  expect([await ask('192.0.2.9'), await ask('192.0.2.9')]).toEqual([404, 404]);
  expect((await host.swap(folder)).outcome).toBe('swapped');
  expect(await ask('192.0.2.9')).toBe(429);
});
