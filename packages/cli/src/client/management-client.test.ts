import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createManagementClient } from './management-client.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function clientOf(answer: Answer, timeoutMs = 5_000) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return createManagementClient({ url: `http://127.0.0.1:${port}`, token: 'a-token', timeoutMs });
}

function json(status: number, body: unknown): Answer {
  return (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

test('asks for the report of a change, with the token and a JSON body', async () => {
  let seen: { url?: string; authorization?: string; type?: string; body?: unknown } = {};
  const client = await clientOf(async (request, response) => {
    const body: unknown = JSON.parse((await request.toArray()).join(''));
    const { authorization = '', 'content-type': type = '' } = request.headers;
    seen = { url: request.url ?? '', authorization, type, body };
    json(200, { status: 'unloaded' })(request, response);
  });
  expect(await client.unload('@team/geo', { cascade: true })).toEqual({ status: 'unloaded' });
  expect(seen).toEqual({
    url: '/plugins/%40team%2Fgeo/unload?report=true',
    authorization: 'Bearer a-token',
    type: 'application/json',
    body: { cascade: true },
  });
});

test("throws the server's error with its code and kind", async () => {
  const client = await clientOf(
    json(404, { status: 'error', message: 'no plugin x', code: 'PLUGIN_UNKNOWN', kind: 'not-found' }),
  );
  await expect(client.plugin('x')).rejects.toMatchObject({
    code: 'PLUGIN_UNKNOWN',
    kind: 'not-found',
    message: 'no plugin x',
  });
});

test('takes the kind from the status when the body has none', async () => {
  const client = await clientOf(json(409, { error: { code: 'STATE', message: 'taken' } }));
  await expect(client.list()).rejects.toMatchObject({ code: 'STATE', kind: 'conflict' });
  const silent = await clientOf(json(500, {}));
  await expect(silent.list()).rejects.toMatchObject({ code: 'MANAGEMENT_REFUSED', kind: 'internal' });
});

test('says which server does not answer', async () => {
  const client = createManagementClient({ url: 'http://127.0.0.1:1', token: undefined, timeoutMs: 5_000 });
  await expect(client.list()).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE', kind: 'unavailable' });
});

test('gives up on a server that stays silent', async () => {
  const client = await clientOf(() => {}, 50);
  await expect(client.list()).rejects.toMatchObject({ code: 'SERVER_TIMED_OUT', kind: 'timeout' });
});

test('knows an answer that is none of a management endpoint', async () => {
  const client = await clientOf((_request, response) => response.end('<html>'));
  await expect(client.list()).rejects.toMatchObject({ code: 'ANSWER_UNREADABLE' });
});
