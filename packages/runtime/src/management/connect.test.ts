import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request as sendRequest } from 'node:http';
import type { IncomingHttpHeaders, RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { toConnect } from './connect.ts';
import { createFakeTarget } from './fixtures/fake-target.ts';
import { createManagement } from './management.ts';

const servers: Server[] = [];
const hosts: ChildProcess[] = [];
afterEach(() => {
  for (const host of hosts.splice(0)) host.kill();
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

const target = () => createFakeTarget();
const mount = (fake = target()) =>
  toConnect(createManagement(fake, { verifyToken: (presented) => presented === 'right' }));

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

async function open(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return clientOf((server.address() as AddressInfo).port);
}

/** A real Express host in its own process. */
async function openExpress() {
  const program = fileURLToPath(new URL('fixtures/express-host.ts', import.meta.url));
  const host = spawn(process.execPath, ['--conditions=@hotswap/source', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  hosts.push(host);
  const [line] = await once(host.stdout, 'data', { signal: AbortSignal.timeout(10_000) });
  return clientOf(Number(String(line)));
}

/** Speaks plain HTTP, so that methods, bodies and headers go out as they are written. */
function clientOf(port: number) {
  return (path: string, { method = 'GET', headers = {}, body }: Sent = {}) =>
    new Promise<{ status: number; headers: IncomingHttpHeaders; text: string }>((resolve, reject) => {
      const sent = sendRequest({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
        const answer = { status: response.statusCode!, headers: response.headers };
        text(response).then((answered) => resolve({ ...answer, text: answered }), reject);
      });
      sent.once('error', reject).end(body);
    });
}

const credentials = { authorization: 'Bearer right' };
const json = { ...credentials, 'content-type': 'application/json' };

test('mounted in Express at /plugins, at any depth, it answers the endpoints below', async () => {
  const get = await openExpress();
  for (const path of ['/plugins/status', '/admin/plugins/list', '/plugins/ratelimit-geo']) {
    expect((await get(path)).status).toBe(200);
  }
  expect((await get('/plugins/ratelimit-geo/reload', { method: 'POST', headers: credentials })).text).toBe(
    '{"status":"reloaded"}',
  );
  expect((await get('/plugins')).status).toBe(404);
  expect((await get('/elsewhere')).status).toBe(418);
});

test('a body arrives in Express, whether or not a parser ran first', async () => {
  const get = await openExpress();
  const put = { method: 'PUT', headers: json, body: '{"greeting":"hi"}' };
  expect((await get('/plugins/config?plugin=ratelimit-geo', put)).status).toBe(200);
  expect((await get('/parsed/plugins/config?plugin=ratelimit-geo', put)).status).toBe(200);
  const calls = JSON.parse((await get('/calls')).text) as { readonly args: readonly unknown[] }[];
  expect(calls.map(({ args }) => args[1])).toEqual([{ greeting: 'hi' }, { greeting: 'hi' }]);
});

test('bare on node:http it answers the full paths, and 404 for the rest', async () => {
  const get = await open(mount());
  expect((await get('/plugins/status')).status).toBe(200);
  expect((await get('/livez')).status).toBe(200);
  expect((await get('/elsewhere')).status).toBe(404);
  expect((await get('/plugins/status', { method: 'TRACE' })).status).toBe(405);
  expect((await get('/plugins/status', { headers: { host: 'evil.example' } })).status).toBe(403);
});

test('a body that someone swallowed is an error that says so', async () => {
  const fake = target();
  const middleware = mount(fake);
  const get = await open((request, response) => {
    request.resume().once('end', () => middleware(request, response));
  });
  const answer = await get('/plugins/config?plugin=a', { method: 'PUT', headers: json, body: '{"greeting":"hi"}' });
  expect(answer.status).toBe(500);
  expect(answer.text).toContain('MANAGEMENT_BODY_ALREADY_READ');
  expect(fake.calls).toEqual([]);
});

test('a body over the limit is answered, and ends the connection', async () => {
  const get = await open(mount());
  const headers = { ...json, 'transfer-encoding': 'chunked' };
  const body = `{"a":"${'x'.repeat(1_100_000)}"}`;
  const answer = await get('/plugins/config?plugin=ratelimit-geo', { method: 'PUT', headers, body });
  expect(answer.status).toBe(413);
  expect(answer.headers.connection).toBe('close');
});
