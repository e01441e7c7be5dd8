import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { ExportedState } from '@hotswap/protocol';
import { HotRequest, HotResponse } from '@hotswap/protocol/http';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import {
  createPool,
  createServices,
  type PluginUnderTest,
  type StartedPlugin,
  startPlugin,
} from './fixtures/started-plugin.ts';
import { RemoteIsolate } from './remote-isolate.ts';

const pool = await createPool();
const started: StartedPlugin[] = [];

const start = async (body: string, parts: Partial<PluginUnderTest> = {}): Promise<StartedPlugin> => {
  const plugin = await startPlugin(body, { pool, ...parts });
  started.push(plugin);
  return plugin;
};
const stop = ({ isolate }: StartedPlugin, limitMs = 1_000) =>
  isolate.stop(new Error('the test is over'), AbortSignal.timeout(limitMs));

afterEach(async () => {
  await Promise.all(started.splice(0).map((plugin) => stop(plugin, 200)));
});
afterAll(() => pool.close());

const waits = `
  let calls = 0;
  ctx.methods.handle('wait', () => (calls++, new Promise(() => {})));
  ctx.methods.handle('calls', () => calls);
  ctx.methods.handle('die', () => process.constructor.prototype && process.reallyExit(3));
  ctx.methods.handle('spin', () => { for (;;) Math.random(); });
`;

const leavesPortOpen = `
  const server = process.getBuiltinModule('node:net').createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  ctx.methods.handle('port', () => server.address().port);
`;

describe('a thread that ends by itself', () => {
  it('settles each of a hundred calls at once with ISOLATE_EXITED, and tells its host once', async () => {
    const plugin = await start(waits);
    const calls = Array.from({ length: 100 }, () => plugin.call('wait'));
    const outcomes = Promise.allSettled(calls);
    expect(await plugin.call('calls')).toBe(100);
    plugin.call('die').catch(() => {});
    const errors = (await outcomes).map((outcome) => (outcome.status === 'rejected' ? outcome.reason : outcome));
    for (const error of errors) {
      expect(error).toMatchObject({ code: 'ISOLATE_EXITED', details: { plugin: 'tried' } });
    }
    expect(plugin.exits).toEqual([expect.objectContaining({ code: 'ISOLATE_EXITED' })]);
    await expect(plugin.call('calls')).rejects.toMatchObject({ code: 'ISOLATE_EXITED' });
    expect(await stop(plugin)).toEqual([]);
  });

  it('says of calls that the plugin had not begun that they may run again', async () => {
    const plugin = await start(waits);
    const begun = plugin.call('spin');
    const waiting = Array.from({ length: 10 }, () => plugin.call('wait'));
    const outcomes = await Promise.allSettled([begun, ...waiting]);
    const details = outcomes.map((one) => (one.status === 'rejected' ? one.reason.details : one));
    expect(details[0]).not.toHaveProperty('begun');
    for (const one of details.slice(1)) expect(one).toMatchObject({ begun: false });
    expect(plugin.exits).toHaveLength(1);
  });

  it('is no start: what it threw, or that it is gone, is', async () => {
    await expect(start('throw new TypeError("no port")')).rejects.toMatchObject({
      name: 'TypeError',
      message: 'no port',
      stack: expect.stringContaining('/plugins/tried/index.js'),
    });
    await expect(start('process.reallyExit(4)')).rejects.toMatchObject({ code: 'ISOLATE_EXITED' });
  });
});

describe('the end of a plugin', () => {
  it('is its own stop and its ledger; what fails is returned', async () => {
    const plugin = await start(`
      ctx.defer('the file', () => { throw new Error('it is gone'); });
      return { stop: () => { throw new Error('not now'); } };
    `);
    expect(await stop(plugin)).toEqual([
      { kind: 'stop', label: 'the plugin itself', error: expect.objectContaining({ message: 'not now' }) },
      { kind: 'deferred', label: 'the file', error: expect.objectContaining({ message: 'it is gone' }) },
    ]);
    expect([plugin.exits, plugin.isolate.resources()]).toEqual([[], {}]);
  });

  it('waits for a hanging stop no longer than its limit, and undoes the rest', async () => {
    const plugin = await start(`return { stop: () => new Promise(() => {}) };`);
    const failures = await stop(plugin, 30);
    expect(failures.map(({ kind }) => kind)).toEqual(['stop']);
  });

  it('does not wait for a guest that no longer answers', async () => {
    const plugin = await start(waits);
    plugin.call('spin').catch(() => {});
    expect((await stop(plugin, 30)).map(({ kind }) => kind)).toContain('stop');
  });

  it('is over when the plugin let go of everything; its thread ends behind that', async () => {
    const { promise: neverEnded } = Promise.withResolvers<'ended'>();
    const lasting: typeof pool.take = async (owner) => {
      const thread = await pool.take(owner);
      const terminate = thread.terminate.bind(thread);
      return Object.assign(thread, { terminate: async () => (await terminate(), neverEnded) });
    };
    const plugin = await start(`setInterval(() => {}, 10);`, { pool: { take: lasting, close: () => pool.close() } });
    expect(await stop(plugin)).toEqual([]);
  });

  it('closes a port that the plugin left open', async () => {
    const plugin = await start(leavesPortOpen);
    const port = Number(await plugin.call('port'));
    expect(await stop(plugin)).toEqual([]);
    const socket = connect(port, '127.0.0.1');
    await expect(once(socket, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('says so when a thread that holds something could not be ended', async () => {
    const stubborn: typeof pool.take = async (owner) => {
      const thread = await pool.take(owner);
      const terminate = thread.terminate.bind(thread);
      return Object.assign(thread, { terminate: async () => (await terminate(), 'stuck' as const) });
    };
    const plugin = await start(leavesPortOpen, { pool: { take: stubborn, close: () => pool.close() } });
    expect(await stop(plugin)).toEqual([
      { kind: 'place', label: expect.any(String), error: expect.objectContaining({ code: 'ISOLATE_STUCK' }) },
    ]);
  });

  it('is the same for whoever asks twice, and harmless before the start', async () => {
    const plugin = await start('');
    expect(stop(plugin)).toBe(stop(plugin));
    const unused = new RemoteIsolate({ level: 'strict', pool, limitsOf: () => ({ memoryMB: 64, graceMs: 1_000 }) });
    expect(await unused.stop(new Error('never begun'), AbortSignal.timeout(1))).toEqual([]);
  });
});

it('refuses a plugin that is an object in memory: functions cannot cross', async () => {
  const isolate = new RemoteIsolate({ level: 'strict', pool, limitsOf: () => ({ memoryMB: 64, graceMs: 1_000 }) });
  const definition = { start: () => undefined };
  const load = isolate.load({
    manifest: { name: 'tried', version: '1.0.0' },
    program: { type: 'definition', definition },
  } as never);
  await expect(load).rejects.toMatchObject({ code: 'ISOLATE_NEEDS_SOURCE', kind: 'invalid' });
});

describe('state', () => {
  const counter = {
    definition: `swap: 'exclusive', state: { version: 2, migrations: { 2: {
      up: ({ count }) => ({ total: count }), down: ({ total }) => ({ count: total }) } } },`,
  };
  const body = `
    let total = state?.total ?? 0;
    ctx.methods.handle('add', () => ++total);
    return { exportState: () => ({ total }) };
  `;

  it('goes from one thread to the next, up and down its versions', async () => {
    const first = await start(body, counter);
    expect(first.traits).toEqual({ swap: 'exclusive', state: { version: 2, oldest: 1, returnsTo: 1 } });
    expect(first.exportsState).toBe(true);
    await first.call('add');
    const exported = (await first.isolate.exportState()) as ExportedState;
    expect(exported.schemaVersion).toBe(2);
    expect(exported.bytes.byteLength).toBe(exported.bytes.buffer.byteLength);
    const older = (await first.isolate.exportState(1)) as ExportedState;
    expect(await first.isolate.rehearseState(older)).toBe(true);
    const second = await start(body, { ...counter, state: older });
    expect(await second.call('add')).toBe(2);
    // What was handed over is still whole: a snapshot may keep it.
    expect(older.bytes.byteLength).toBeGreaterThan(0);
  });

  it('that cannot be reached, or encoded, is refused by code', async () => {
    const plugin = await start(`return { exportState: () => () => {} };`);
    await expect(plugin.isolate.exportState()).rejects.toMatchObject({ code: 'STATE_NOT_CLONEABLE' });
    const exported = (await (await start(body, counter)).isolate.exportState()) as ExportedState;
    const newer = start(body, { state: { ...exported, schemaVersion: 7 } });
    await expect(newer).rejects.toMatchObject({ code: 'STATE_VERSION_UNREACHABLE' });
  });
});

describe('a body', () => {
  const passing = `
    ctx.http.post('/echo', (request) => new Response(request.body));
    ctx.http.use({ paths: ['/*'] }, async (request, next) => {
      const answer = await next(request);
      return new Response(answer.body, { headers: { 'x-seen': '1' } });
    });
    ctx.http.post('/read', async (request) => Response.json({ length: (await request.bytes()).length }));
  `;
  const info = { requestId: 'r', tenant: undefined, params: {}, client: { address: '' }, ...signals() };

  it('that is passed through unread never crosses', async () => {
    const crossed: unknown[] = [];
    const take: typeof pool.take = async (owner) => {
      const thread = await pool.take(owner);
      const send = thread.transport.send.bind(thread.transport);
      thread.transport.send = (message, transfer) => {
        crossed.push(...[message].flat().filter((word) => word === 'chunk' || word === 'pull'));
        send(message, transfer);
      };
      return thread;
    };
    const plugin = await start(passing, { pool: { take, close: () => pool.close() } });
    const request = large();
    const echo = (await call(plugin, '/echo', request, info)) as HotResponse;
    expect([(await echo.bytes()).byteLength, request.read]).toEqual([10_000_000, 10_000_000]);
    const middleware = large();
    const next = (handed: HotRequest): HotResponse => {
      expect(handed).toBe(middleware.request);
      return middleware.answer();
    };
    const answer = (await plugin.handlers.get('/*')?.(
      middleware.request as never,
      next as never,
      info as never,
    )) as HotResponse;
    expect([answer.headers.get('x-seen'), middleware.read]).toEqual(['1', 0]);
    expect((await answer.bytes()).byteLength).toBe(10_000_000);
    expect(crossed).toEqual([]);
  });

  it('that is read crosses, and its reader is held to what the host allows', async () => {
    const plugin = await start(passing);
    expect(await (await read(plugin, large())).json()).toEqual({ length: 10_000_000 });
    const broken = large(() => {
      throw Object.assign(new Error('too large'), { code: 'BODY_TOO_LARGE', kind: 'limit' });
    });
    await expect(read(plugin, broken)).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' });
  });

  const call = async (plugin: StartedPlugin, path: string, { request }: { request: HotRequest }, about: object) =>
    plugin.handlers.get(path)?.(request as never, about as never);
  const read = async (plugin: StartedPlugin, body: { request: HotRequest }): Promise<HotResponse> =>
    (await call(plugin, '/read', body, info)) as HotResponse;
});

it('counts what nobody understands, and gives a guest up that sends nothing else', async () => {
  const plugin = await start(`
    const { workerData } = require('node:worker_threads');
    const nonsense = (message) => workerData.port.postMessage(message);
    ctx.methods.handle('babble', ({ data }) => { for (let sent = 0; sent < data; sent++) nonsense(['register', { id: sent }]); });
    ctx.methods.handle('lie', () => {
      nonsense(['answer', 12345, 'for nobody']);
      nonsense(['register', { type: 'route', id: 1, method: 'GET', path: '/late' }]);
      nonsense(['storage-read', 77, { not: 'a key' }]);
      nonsense(['resources', { timers: 'many' }]);
      nonsense(['notes', [['log', 'constructor', 'x']]]);
      nonsense(['next', 78, 1, undefined]);
      nonsense({ any: 'thing' });
      return 'told';
    });
  `);
  expect(await plugin.call('lie')).toBe('told');
  const invalid = { error: expect.objectContaining({ code: 'GUEST_MESSAGE_INVALID' }) };
  await expect.poll(() => plugin.faults).toEqual(expect.arrayContaining([expect.objectContaining(invalid)]));
  await expect.poll(() => plugin.faults.filter(({ error }) => 'code' in (error as object))).toHaveLength(7);
  expect([...plugin.handlers.keys()]).not.toContain('/late');
  plugin.call('babble', 200).catch(() => {});
  await expect.poll(() => plugin.exits.length).toBe(1);
});

function signals(): { readonly signal: AbortSignal; readonly draining: AbortSignal } {
  return { signal: new AbortController().signal, draining: new AbortController().signal };
}

/** Ten megabytes that count what is read of them. */
function large(each: () => void = () => {}) {
  const seen = { read: 0 };
  const body = {
    async *[Symbol.asyncIterator]() {
      for (let part = 0; part < 100; part++) {
        each();
        seen.read += 100_000;
        yield new Uint8Array(100_000);
      }
    },
  };
  return {
    request: new HotRequest('http://host.test/', { method: 'POST', body }),
    answer: () => new HotResponse(body),
    get read() {
      return seen.read;
    },
  };
}

describe('what a plugin used', () => {
  it('includes what its host fetched for it', async () => {
    const server = createServer((_, response) => response.end('x'.repeat(5000))).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const fetches = `ctx.methods.handle('get', async () => (await (await ctx.fetch('http://127.0.0.1:${port}/')).text()).length);`;
    const plugin = await start(fetches, { services: createServices([`127.0.0.1:${port}`]) });
    expect(await plugin.isolate.usage()).toMatchObject({ networkSentBytes: 0, networkReceivedBytes: 0 });
    expect(await plugin.call('get')).toBe(5000);
    const { networkSentBytes, networkReceivedBytes } = await plugin.isolate.usage();
    expect(networkSentBytes).toBeGreaterThan(20);
    expect(networkReceivedBytes).toBeGreaterThan(5000);
    server.closeAllConnections();
    server.close();
  });
});
