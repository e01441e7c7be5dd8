import { CodedError } from '@hotswap/protocol';
import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FakeOptions } from './fixtures/fake-target.ts';
import { createFakeTarget, pluginNamed, statusOfPlugins } from './fixtures/fake-target.ts';
import type { ManagementOptions } from './management.ts';
import { createManagement } from './management.ts';

const local = { address: '127.0.0.1' };
const remote = { address: '203.0.113.9' };
const token = 'the-right-token';
const withToken: ManagementOptions = { verifyToken: (presented) => presented === token };

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly client?: { readonly address: string };
}

function setUp(fake: FakeOptions = {}, options: ManagementOptions = withToken) {
  const target = createFakeTarget(fake);
  const management = createManagement(target, options);
  const send = async (path: string, { method = 'GET', headers = {}, body, client = local }: Sent = {}) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const request = new Request(`http://localhost${path}`, {
      method,
      headers: { host: 'localhost', ...(text && { 'content-type': 'application/json' }), ...headers },
      ...(text !== undefined && { body: text }),
    });
    const response = await management.handle(request, path.split('?', 1)[0]!, client);
    if (!response) return { status: 0, headers: new Headers(), json: undefined, text: '' };
    const answered = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') && answered !== '';
    return {
      status: response.status,
      headers: response.headers,
      text: answered,
      json: isJson ? JSON.parse(answered) : undefined,
    };
  };
  const change = (path: string, sent: Sent = {}) =>
    send(path, { method: 'POST', ...sent, headers: { authorization: `Bearer ${token}`, ...sent.headers } });
  return { target, send, change };
}

describe('reading', () => {
  test('the config of a plugin is the published example', async () => {
    const { text } = await setUp().send('/plugins/config?plugin=ratelimit-geo');
    const config = { enabled: true, geoip_database_path: '/usr/share/GeoIP/GeoLite2-City.mmdb' };
    expect(text).toBe(JSON.stringify({ plugin: 'ratelimit-geo', config, timestamp: 1751731600 }));
  });

  test.each(['/plugins/status', '/plugins/list', '/plugins/health', '/plugins/ratelimit-geo', '/health'])(
    '%s answers JSON that nobody keeps or guesses at',
    async (path) => {
      const { status, headers } = await setUp().send(path);
      expect(status).toBe(200);
      expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    },
  );

  test.each(['/x/../plugins/list', '/./plugins/list', '/x/%2e%2e/plugins/list', 'http://a.test/plugins/list'])(
    '%s is management, as it would be to a plugin',
    async (path) => {
      const management = createManagement(createFakeTarget(), withToken);
      expect(management.owns(path)).toBe(true);
      const answer = await management.handle(
        new Request('http://localhost/', { headers: { host: 'localhost' } }),
        path,
        local,
      );
      expect(answer?.status).toBe(200);
    },
  );

  test('a scoped name is found, encoded or not', async () => {
    const { send } = setUp({ status: statusOfPlugins([pluginNamed('@acme/geo')]) });
    for (const path of ['/plugins/@acme%2Fgeo', '/plugins/@acme/geo', '/health/%40acme%2Fgeo']) {
      expect((await send(path)).status).toBe(200);
    }
  });

  test('HEAD answers the head alone', async () => {
    expect(await setUp().send('/plugins/status', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
  });

  test('probes are answered to anyone, and say when not to send traffic', async () => {
    const { send } = setUp({ ready: false });
    const probe = { client: remote, headers: { host: '10.1.2.3:8080' } };
    expect((await send('/livez', probe)).status).toBe(200);
    expect((await send('/health/liveness', probe)).status).toBe(200);
    expect(await send('/readyz', probe)).toMatchObject({ status: 503, json: { reasons: ['starting'] } });
    expect((await send('/health/readiness', probe)).status).toBe(503);
  });

  test('health is 503 when nothing works, for one plugin or for all', async () => {
    const { send } = setUp({ status: statusOfPlugins([pluginNamed('bad', { state: 'failed' })]) });
    expect((await send('/health')).status).toBe(503);
    expect((await send('/health/bad')).status).toBe(503);
    expect((await send('/plugins/health')).status).toBe(200);
  });

  test('metrics are text for readers', async () => {
    const { send } = setUp();
    const { headers, text } = await send('/metrics');
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text).toContain('plugins_active 1');
    expect((await send('/metrics', { client: remote })).status).toBe(401);
  });

  test('paths of others are left alone; all below /plugins is ours', async () => {
    const { send } = setUp();
    for (const path of ['/', '/pks/lookup', '/pluginsx', '/healthy', '/health/a/b', '/metrics/x']) {
      expect((await send(path)).status).toBe(0);
    }
    for (const path of ['/plugins', '/plugins/', '/plugins/a/b/c', '/plugins/a/explode', '/plugins/%zz']) {
      expect((await send(path)).status).toBe(404);
    }
  });
});

describe('changing', () => {
  test('a reload is the published example', async () => {
    const { change, target } = setUp();
    const { status, text } = await change('/plugins/reload?plugin=ratelimit-geo');
    const message = 'Plugin reloaded successfully with graceful draining';
    expect(status).toBe(200);
    expect(text).toBe(JSON.stringify({ plugin: 'ratelimit-geo', status: 'success', message, timestamp: 1751731600 }));
    expect(target.calls).toEqual([{ verb: 'reload', args: ['ratelimit-geo', { actor: 'token' }] }]);
  });

  test('a new config is the body itself', async () => {
    const { change, target } = setUp();
    const { text } = await change('/plugins/config?plugin=ratelimit-geo', { method: 'PUT', body: { greeting: 'hi' } });
    const message = 'Configuration updated and plugin reloaded';
    expect(text).toBe(JSON.stringify({ plugin: 'ratelimit-geo', status: 'success', message, timestamp: 1751731600 }));
    expect(target.calls[0]?.args[1]).toEqual({ greeting: 'hi' });
  });

  test.each([
    ['reload', 'reloaded'],
    ['unload', 'unloaded'],
    ['rollback', 'rolled_back'],
    ['restart', 'restarted'],
    ['enable', 'enabled'],
    ['disable', 'disabled'],
  ])('%s answers its word and nothing else', async (verb, done) => {
    const { change, target } = setUp();
    const { status, text } = await change(`/plugins/ratelimit-geo/${verb}`, { body: { reason: 'a test' } });
    expect({ status, text }).toEqual({ status: 200, text: JSON.stringify({ status: done }) });
    expect(target.calls[0]).toMatchObject({ verb, args: ['ratelimit-geo', { actor: 'token', reason: 'a test' }] });
  });

  test('a caller that asks gets the swap report too', async () => {
    const { json } = await setUp().change('/plugins/ratelimit-geo/reload?report=true');
    expect(json).toMatchObject({ status: 'reloaded', report: { outcome: 'swapped', from: 3, to: 4 } });
  });

  test('a reload with a config alone is a new config', async () => {
    const { change, target } = setUp();
    await change('/plugins/ratelimit-geo/reload', { body: { NewConfiguration: { enabled: false } } });
    expect(target.calls[0]).toMatchObject({ verb: 'configure', args: ['ratelimit-geo', { enabled: false }, {}] });
  });

  test('a plan names its steps', async () => {
    const { change, target } = setUp();
    const body = { operation: 'unload', plugin: 'ratelimit-geo', cascade: true };
    expect((await change('/plugins/plan', { body })).json).toMatchObject({ operation: 'unload', problems: [] });
    expect(target.calls[0]?.args).toEqual(['unload', 'ratelimit-geo', { cascade: true }]);
    expect((await change('/plugins/plan', { body: { operation: 'explode', plugin: 'x' } })).status).toBe(400);
    expect((await change('/plugins/plan', { body: { operation: 'unload' } })).json.code).toBe('PLUGIN_NAME_MISSING');
  });
});

describe('sources named by path', () => {
  let root: string;
  beforeEach(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'hotswap-management-')));
    await mkdir(join(root, 'geo'));
  });
  afterEach(() => rm(root, { recursive: true }));

  test('either spelling loads', async () => {
    const { change, target } = setUp({ roots: [root] });
    for (const body of [
      { pluginPath: 'geo', configuration: { depth: 1 } },
      { PluginPath: join(root, 'geo'), Configuration: { depth: 1 } },
    ]) {
      expect((await change('/plugins/load', { body })).text).toBe('{"status":"loaded"}');
    }
    const args = [join(root, 'geo'), { actor: 'token', config: { depth: 1 } }];
    expect(target.calls).toEqual([
      { verb: 'load', args },
      { verb: 'load', args },
    ]);
  });

  test('a reload with a path is a swap, and swap wants one', async () => {
    const { change, target } = setUp({ roots: [root] });
    const body = { newPluginPath: 'geo', newConfiguration: { depth: 2 } };
    expect((await change('/plugins/ratelimit-geo/reload', { body })).json).toEqual({ status: 'reloaded' });
    expect((await change('/plugins/ratelimit-geo/swap', { body })).json).toEqual({ status: 'swapped' });
    expect(target.calls.map(({ verb }) => verb)).toEqual(['swap', 'swap']);
    expect((await change('/plugins/ratelimit-geo/swap')).status).toBe(400);
  });

  test('a path or a link out of the root is refused before anything is loaded', async () => {
    const { change, target } = setUp({ roots: [root] });
    await symlink('/etc', join(root, 'out'));
    for (const pluginPath of ['../../etc/passwd', '/etc/passwd', 'out/passwd']) {
      const answer = await change('/plugins/load', { body: { pluginPath } });
      expect(answer).toMatchObject({ status: 403, json: { code: 'SOURCE_OUTSIDE_ROOT' } });
    }
    expect(target.calls).toEqual([]);
  });
});

describe('failures', () => {
  test.each([
    ['plugin-fault', 'PLUGIN_START_FAILED', 500],
    ['timeout', 'CALL_TIMED_OUT', 500],
    ['invalid', 'MANIFEST_INVALID', 400],
    ['invalid', 'CONFIG_REJECTED', 422],
    ['conflict', 'PLUGIN_NAME_MISMATCH', 409],
    ['unavailable', 'RUNTIME_CLOSED', 503],
  ] as const)('a change kept back by %s (%s) is a %i', async (kind, code, status) => {
    const steps = [{ name: 'start', durationMs: 1 }] as const;
    const outcome = { outcome: 'kept', steps, reason: { code, kind, message: 'the cause' } } as const;
    const answer = await setUp({ outcome }).change('/plugins/reload?plugin=ratelimit-geo');
    expect(answer.status).toBe(status);
    expect(answer.text).toBe(
      JSON.stringify({
        plugin: 'ratelimit-geo',
        status: 'error',
        message: 'reload of ratelimit-geo failed and was rolled back: the cause',
        timestamp: 1751731600,
        code,
        kind,
      }),
    );
  });

  test('what was refused before it ran was not rolled back', async () => {
    const outcome = { outcome: 'kept', reason: { code: 'X', kind: 'conflict', message: 'the cause' } } as const;
    const { json } = await setUp({ outcome }).change('/plugins/reload?plugin=ratelimit-geo');
    expect(json.message).toBe('reload of ratelimit-geo failed: the cause');
  });

  test('the config that was read can be sent back, and enables or disables as it says', async () => {
    const { send, change, target } = setUp();
    const { json } = await send('/plugins/config?plugin=ratelimit-geo');
    const own = { geoip_database_path: '/usr/share/GeoIP/GeoLite2-City.mmdb' };
    expect(json.config).toEqual({ enabled: true, ...own });
    const put = (body: unknown) => change('/plugins/config?plugin=ratelimit-geo', { method: 'PUT', body });
    expect((await put(json.config)).status).toBe(200);
    expect(target.calls.at(-1)).toMatchObject({ verb: 'configure', args: ['ratelimit-geo', own, { actor: 'token' }] });
    expect((await put({ enabled: false, ...own })).status).toBe(200);
    expect(target.calls.slice(-2).map(({ verb }) => verb)).toEqual(['configure', 'disable']);
    expect(await put({ enabled: 'no' })).toMatchObject({ status: 400, json: { code: 'MANAGEMENT_BODY_INVALID' } });
  });

  test('what a verb throws keeps its code', async () => {
    const thrown = new CodedError({ code: 'PLUGIN_HAS_DEPENDENTS', kind: 'conflict', message: 'needed by a' });
    const { status, json } = await setUp({ thrown }).change('/plugins/ratelimit-geo/unload');
    expect({ status, message: json.message }).toEqual({ status: 409, message: 'needed by a' });
  });

  test('a defect is told to the log and not to the caller', async () => {
    const { change, target } = setUp({ thrown: new Error('password=hunter2') });
    const { status, json, text } = await change('/plugins/ratelimit-geo/reload');
    expect({ status, code: json.code }).toEqual({ status: 500, code: 'MANAGEMENT_DEFECT' });
    expect(text).not.toContain('hunter2');
    expect(target.logged).toHaveLength(1);
  });

  test('an unknown plugin is 404, an unnamed one 400', async () => {
    const { send, change } = setUp();
    for (const path of ['/plugins/nobody', '/plugins/config?plugin=nobody', '/health/nobody']) {
      expect(await send(path)).toMatchObject({ status: 404, json: { status: 'error', code: 'PLUGIN_UNKNOWN' } });
    }
    expect((await change('/plugins/nobody/reload')).status).toBe(404);
    expect(await change('/plugins/reload')).toMatchObject({ status: 400, json: { plugin: '' } });
    expect((await send('/plugins/config?plugin=')).status).toBe(400);
  });

  test.each([
    ['/plugins/status', 'POST', 'GET, HEAD'],
    ['/plugins/reload', 'GET', 'POST'],
    ['/plugins/config', 'DELETE', 'GET, HEAD, PUT'],
    ['/plugins/a/unload', 'GET', 'POST'],
    ['/plugins/a', 'DELETE', 'GET, HEAD'],
    ['/plugins/status', 'OPTIONS', 'GET, HEAD'],
  ])('%s refuses %s and names what it takes', async (path, method, allow) => {
    const { status, headers, json } = await setUp().send(path, { method });
    expect({ status, allow: headers.get('allow') }).toEqual({ status: 405, allow });
    expect(json).toMatchObject({ code: 'MANAGEMENT_METHOD_NOT_ALLOWED' });
  });
});

test('a path below /plugins that does not exist is 404 here, and nobody else is asked', async () => {
  const answer = await setUp().send('/plugins/a/no/such/thing');
  expect(answer).toMatchObject({ status: 404, json: { code: 'MANAGEMENT_PATH_UNKNOWN' } });
});

describe('attacks', () => {
  const reload = '/plugins/ratelimit-geo/reload';

  test.each<[string, Sent, number]>([
    ['no token', {}, 401],
    ['a wrong token', { headers: { authorization: 'Bearer wrong' } }, 401],
    ['the token under another scheme', { headers: { authorization: `Basic ${token}` } }, 401],
    ['a page elsewhere with the token', { headers: { origin: 'https://evil.example' } }, 403],
    ['a sandboxed page', { headers: { origin: 'null' } }, 403],
    ['a rebound name', { headers: { host: 'evil.example:8080' } }, 403],
  ])('a change with %s does not happen', async (_, sent, status) => {
    const { send, target } = setUp();
    const answer = await send(reload, { method: 'POST', ...sent });
    expect(answer.status).toBe(status);
    expect(answer.headers.has('www-authenticate')).toBe(status === 401);
    expect(target.calls).toEqual([]);
    expect(target.logged).toMatchObject([{ level: 'warn' }]);
  });

  test('with nothing set up, only local GET is answered', async () => {
    const { send, change } = setUp({}, {});
    expect((await send('/plugins/list')).status).toBe(200);
    expect((await send('/plugins/list', { client: remote })).status).toBe(403);
    expect((await send('/plugins/list', { headers: { 'x-forwarded-for': '203.0.113.9' } })).status).toBe(403);
    expect((await change(reload)).status).toBe(403);
  });

  test('the host decides where it wants to: its word, its actor, its refusal', async () => {
    const asked: string[] = [];
    const { send, target } = setUp(
      {},
      {
        authorize: (request, permission) => {
          asked.push(permission);
          return request.headers.get('authorization') === 'Bearer ada' && { actor: 'ada' };
        },
      },
    );
    const as = (authorization: string) => ({ method: 'POST', headers: { authorization } });
    expect((await send(reload, as('Bearer ada'))).status).toBe(200);
    const refused = await send(reload, as('Bearer eve'));
    expect(refused).toMatchObject({ status: 403, json: { code: 'MANAGEMENT_FORBIDDEN' } });
    expect((await send('/plugins/list')).status).toBe(401);
    expect(asked).toEqual(['plugin:reload', 'plugin:reload', 'plugin:read']);
    expect(target.calls).toEqual([{ verb: 'reload', args: ['ratelimit-geo', { actor: 'ada' }] }]);
  });

  test('an authorize that throws lets nobody in', async () => {
    const { send, target } = setUp({}, { authorize: () => Promise.reject(new Error('directory is down')) });
    expect((await send(reload, { method: 'POST' })).status).toBe(500);
    expect(target.calls).toEqual([]);
  });

  test('listed origins and hosts are let through', async () => {
    const listed = { ...withToken, allowedOrigins: ['https://ops.example'], allowedHosts: ['ops.example'] };
    const headers = { origin: 'https://ops.example', host: 'ops.example' };
    expect((await setUp({}, listed).change(reload, { headers })).status).toBe(200);
  });

  test.each<[string, Sent, number, string]>([
    ['of another type', { body: 'a=b', headers: { 'content-type': 'text/plain' } }, 415, 'MANAGEMENT_MEDIA_TYPE'],
    [
      'of a type that only starts like JSON',
      { body: '{}', headers: { 'content-type': 'application/jsonx' } },
      415,
      'MANAGEMENT_MEDIA_TYPE',
    ],
    ['that is broken JSON', { body: '{"a":' }, 400, 'MANAGEMENT_BODY_INVALID'],
    ['that is no object', { body: '[1]' }, 400, 'MANAGEMENT_BODY_INVALID'],
    ['that is too large', { body: `{"a":"${'x'.repeat(1_048_576)}"}` }, 413, 'MANAGEMENT_BODY_TOO_LARGE'],
    ['announced too large', { body: '{}', headers: { 'content-length': '9999999' } }, 413, 'MANAGEMENT_BODY_TOO_LARGE'],
    ['nested without end', { body: `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}` }, 400, 'MANAGEMENT_BODY_INVALID'],
    ['with a key to a prototype', { body: '{"a":{"__proto__":{"x":1}}}' }, 400, 'MANAGEMENT_BODY_INVALID'],
    ['with the long way to a prototype', { body: '{"constructor":{"prototype":{}}}' }, 400, 'MANAGEMENT_BODY_INVALID'],
    ['with both spellings', { body: '{"newPluginPath":"a","NewPluginPath":"b"}' }, 400, 'MANAGEMENT_BODY_INVALID'],
    ['with a field that nothing reads', { body: '{"newConfiguraton":{}}' }, 400, 'MANAGEMENT_BODY_INVALID'],
    ['with a path that is no text', { body: '{"newPluginPath":7}' }, 400, 'MANAGEMENT_BODY_INVALID'],
    ['with a config that is no object', { body: '{"newConfiguration":[]}' }, 400, 'MANAGEMENT_BODY_INVALID'],
  ])('a body %s is refused', async (_, sent, status, code) => {
    const { change, target } = setUp();
    expect(await change(reload, sent)).toMatchObject({ status, json: { status: 'error', code } });
    expect(target.calls).toEqual([]);
  });

  test('a cascade that is not plainly true is refused', async () => {
    expect((await setUp().change('/plugins/ratelimit-geo/unload', { body: { cascade: 'no' } })).status).toBe(400);
  });

  test('GET with a body is refused', async () => {
    const { send } = setUp();
    expect((await send('/plugins/list', { headers: { 'content-length': '5' } })).status).toBe(400);
    expect((await send('/plugins/list', { headers: { 'transfer-encoding': 'chunked' } })).status).toBe(400);
  });

  test.each([
    '/plugins/..%2F..%2Fetc%2Fpasswd',
    '/plugins/a%0d%0aset-cookie:%20x=1',
    '/plugins/__proto__',
    '/plugins/constructor',
    '/plugins/%00',
    `/plugins/${'a'.repeat(5_000)}`,
  ])('a name like %.40s is only an unknown name', async (path) => {
    const { status, headers, json } = await setUp().send(path);
    expect({ status, code: json.code }).toEqual({ status: 404, code: 'PLUGIN_UNKNOWN' });
    expect(headers.has('set-cookie')).toBe(false);
    expect(json.plugin.length).toBeLessThanOrEqual(256);
  });
});

describe('the doctor', () => {
  test('is asked by readers, and searches the heap for those who may change', async () => {
    const { target, send, change } = setUp();
    expect((await send('/plugins/doctor')).json).toMatchObject({ checks: [], leaks: null, timestamp: 1751731600 });
    expect((await send('/plugins/doctor', { method: 'POST', body: { leaks: true } })).status).toBe(401);
    expect((await change('/plugins/doctor', { body: { leaks: true } })).status).toBe(200);
    expect(target.calls.map(({ args }) => args)).toEqual([[{ leaks: false }], [{ leaks: true }]]);
  });

  test('is refused while a search runs, and where a field means nothing', async () => {
    const running = new CodedError({ code: 'DIAGNOSIS_RUNNING', kind: 'conflict', message: 'one at a time' });
    const { status, json } = await setUp({ thrown: running }).change('/plugins/doctor', { body: { leaks: true } });
    expect([status, json.code]).toEqual([409, 'DIAGNOSIS_RUNNING']);
    expect((await setUp().change('/plugins/doctor', { body: { leeks: true } })).status).toBe(400);
  });

  test('asks authorize for a permission of its own', async () => {
    const asked: string[] = [];
    const authorize = (_: Request, permission: string) => (asked.push(permission), true);
    const { send } = setUp({}, { authorize });
    await send('/plugins/doctor');
    await send('/plugins/doctor', { method: 'POST', body: { leaks: true } });
    expect(asked).toEqual(['plugin:read', 'plugin:doctor']);
  });
});
