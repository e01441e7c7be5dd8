import { symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { NodeListener, Runtime } from '@hotswap/runtime';
import { RawConnection } from '../serving/raw-connection.ts';
import type { RawAnswer } from '../serving/raw-connection.ts';
import { servePlugins } from '../serving/serve-plugins.ts';
import type { ServedPlugins } from '../serving/serve-plugins.ts';

const token = 'the-right-token';
const right = `Authorization: Bearer ${token}`;

/** Management on the plugins' own port, asked first. */
function managementFirst(runtime: Runtime, plugins: NodeListener): NodeListener {
  const management = runtime.management({ verifyToken: (presented) => presented === token });
  const listener = (...[request, response]: Parameters<NodeListener>): void =>
    management(request, response, () => plugins(request, response));
  return Object.assign(listener, {
    onContinue: plugins.onContinue.bind(plugins),
    drain: () => plugins.drain(),
  });
}

/** Wants to see what is none of its business: every path, and management's by name. */
const spy = `
  const seen = [];
  const see = (request) => void seen.push(new URL(request.url).pathname);
  ctx.methods.handle('seen', () => seen.splice(0));
  ctx.http.use({ paths: ['/*'], priority: -1000 }, (request, next) => (see(request), next(request)));
  ctx.http.onRequest({ paths: ['/*', '/plugins/*'] }, (head) => void seen.push(new URL(head.url).pathname));
  for (const path of ['/plugins/status', '/plugins/*', '/metrics', '/health', '/livez', '/readyz']) {
    ctx.http.all(path, (request) => (see(request), new Response('spied')));
  }
  ctx.http.all('/*', () => new Response('spy'));`;

async function serveGuarded(): Promise<ServedPlugins> {
  const victim = `ctx.http.get('/victim', () => new Response('victim'));`;
  return servePlugins({ plugins: { victim, spy }, mount: managementFirst, isRooted: true });
}

async function send(
  served: ServedPlugins,
  first: string,
  fields: readonly string[] = [],
  body = '',
): Promise<RawAnswer> {
  using connection = await RawConnection.open(served.port);
  const given = fields.some((field) => /^host:/i.test(field)) ? fields : ['Host: localhost', ...fields];
  const length = body === '' ? [] : [`Content-Length: ${body.length}`];
  connection.write(`${[`${first} HTTP/1.1`, ...given, ...length].join('\r\n')}\r\n\r\n${body}`);
  return await connection.answer(first.split(' ')[0]);
}

const json = 'Content-Type: application/json';

describe('management on the port of the plugins', () => {
  const changes = [
    ['POST /plugins/victim/unload', '{}'],
    ['POST /plugins/victim/disable', '{}'],
    ['POST /plugins/victim/reload', '{}'],
    ['POST /plugins/load', '{"pluginPath":"victim.js"}'],
    ['PUT /plugins/config?plugin=victim', '{}'],
  ] as const;

  it.each(changes)(
    'refuses %s without a token, with a wrong one, and one that only looks right',
    async (first, body) => {
      await using served = await serveGuarded();
      const attempts = [
        [],
        ['Authorization: Bearer wrong'],
        [`Authorization: Bearer ${token}x`],
        [`Cookie: token=${token}`],
      ];
      for (const fields of attempts) {
        const { status, body: text } = await send(served, first, [json, ...fields], body);
        expect([status, text]).toEqual([401, expect.stringContaining('MANAGEMENT_UNAUTHENTICATED')]);
      }
      expect(served.runtime.pluginStatus('victim')).toMatchObject({ state: 'active', generation: 1 });
    },
  );

  it('refuses foreign origins and foreign hosts before it looks at any token', async () => {
    await using served = await serveGuarded();
    const first = 'POST /plugins/victim/disable';
    const refused: readonly (readonly [readonly string[], string])[] = [
      [['Origin: https://evil.example'], 'MANAGEMENT_ORIGIN_REFUSED'],
      [['Origin: null'], 'MANAGEMENT_ORIGIN_REFUSED'],
      [['Host: evil.example'], 'MANAGEMENT_HOST_REFUSED'],
      [['Host: localhost.evil.example'], 'MANAGEMENT_HOST_REFUSED'],
      [['Host: localhost, evil.example'], 'MANAGEMENT_HOST_REFUSED'],
    ];
    for (const [fields, code] of refused) {
      const { status, body } = await send(served, first, [json, right, ...fields], '{}');
      expect([fields, status, body]).toEqual([fields, 403, expect.stringContaining(code)]);
    }
    expect((await send(served, 'GET /plugins/status', ['Host: evil.example'])).status).toBe(403);
    expect(served.runtime.pluginStatus('victim').state).toBe('active');
  });

  it('takes a form for no order, even with the token', async () => {
    await using served = await serveGuarded();
    const form = 'Content-Type: application/x-www-form-urlencoded';
    expect((await send(served, 'POST /plugins/victim/disable', [form, right], 'a=b')).status).toBeGreaterThanOrEqual(
      400,
    );
    expect(served.runtime.pluginStatus('victim').state).toBe('active');
  });

  it('does what the right token asks for', async () => {
    await using served = await serveGuarded();
    expect((await send(served, 'POST /plugins/victim/disable', [json, right], '{}')).status).toBe(200);
    expect(served.runtime.pluginStatus('victim').state).toBe('disabled');
  });
});

describe('a path to load from', () => {
  it.each([
    ['outside the roots', (outside: string) => outside],
    ['that climbs', () => '../../../../../../etc/passwd'],
    ['as a file: address outside', (outside: string) => `file://${outside}`],
    ['as an https: address', () => 'https://127.0.0.1:1/plugin.tgz'],
  ])('%s is refused', async (_, pathOf) => {
    await using inside = await serveGuarded();
    const body = JSON.stringify({ pluginPath: pathOf(join(tmpdir(), 'hotswap-nowhere.js')) });
    const answer = await send(inside, 'POST /plugins/load', [json, right], body);
    // What has a scheme is taken for a name inside the roots, where there is nothing.
    expect(answer.body).toMatch(/"code":"(SOURCE_OUTSIDE_ROOT|SOURCE_NOT_FOUND)"/);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(inside.runtime.status().plugins.map(({ name }) => name)).toEqual(['victim', 'spy']);
  });

  it('that leaves its root by a symbolic link is refused', async () => {
    await using outside = await servePlugins();
    const evil = join(outside.folder, 'evil.js');
    await writeFile(evil, 'export default { start() { globalThis.wasEvil = true; } };');
    await using served = await servePlugins({ mount: managementFirst, isRooted: true });
    await symlink(evil, join(served.folder, 'link.js'));
    const answer = await send(served, 'POST /plugins/load', [json, right], '{"pluginPath":"link.js"}');
    expect([answer.status, answer.body]).toEqual([403, expect.stringContaining('SOURCE_OUTSIDE_ROOT')]);
    expect(Reflect.get(globalThis, 'wasEvil')).toBeUndefined();
    await served.write('good', '');
    expect((await send(served, 'POST /plugins/load', [json, right], '{"pluginPath":"good.js"}')).status).toBe(200);
  });
});

describe('a plugin that wants to stand before management', () => {
  const paths = [
    '/plugins/status',
    '/plugins/status/',
    '/plugins/status?x=1',
    '/plugins/victim',
    '/plugins/no/such/thing',
    '/plugins/',
    '/plugins',
    '/metrics',
    '/health',
    '/livez',
    '/readyz',
    '/x/../plugins/status',
    '/./plugins/status',
    '/x/%2e%2e/plugins/status',
    '\\plugins\\status',
    'http://localhost/plugins/status',
    'http://localhost/x/../plugins/status',
  ];

  it.each(paths)('never sees a request to %s', async (path) => {
    await using served = await serveGuarded();
    for (const method of ['GET', 'POST', 'HEAD', 'OPTIONS', 'DELETE']) {
      const { status, body } = await send(served, `${method} ${path}`);
      expect([method, status === 200 && body.startsWith('sp')]).toEqual([method, false]);
    }
    expect(served.runtime.invoke('spy', 'seen')).toEqual([]);
  });

  it('sees what is not management’s', async () => {
    await using served = await serveGuarded();
    expect((await send(served, 'GET /plugin/status')).body).toBe('spy');
    expect((await send(served, 'GET /victim')).body).toBe('victim');
    expect(served.runtime.invoke('spy', 'seen')).toContain('/victim');
  });
});

it('answers probes to anybody, and metrics to this machine', async () => {
  await using served = await serveGuarded();
  expect((await send(served, 'GET /livez')).status).toBe(200);
  expect((await send(served, 'GET /readyz')).status).toBe(200);
  expect((await send(served, 'GET /health')).status).toBe(200);
  expect(await send(served, 'GET /metrics')).toMatchObject({ status: 200, body: expect.stringContaining('hotswap_') });
  expect((await send(served, 'GET /metrics', ['X-Forwarded-For: 203.0.113.9'])).status).toBe(401);
  expect((await send(served, 'GET /metrics', ['X-Forwarded-For: 203.0.113.9', right])).status).toBe(200);
});
