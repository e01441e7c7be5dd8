import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HotRequest, type HotResponse } from '@hotswap/protocol/http';
import { afterAll, afterEach, expect, it } from 'vitest';
import type { GenerationServices } from '../../host-services/service-registry.ts';
import {
  createPool,
  createServices,
  type PluginUnderTest,
  type StartedPlugin,
  startPlugin,
} from '../fixtures/started-plugin.ts';

const pool = await createPool();
const started: StartedPlugin[] = [];

const start = async (body: string, parts: Partial<PluginUnderTest> = {}): Promise<StartedPlugin> => {
  const plugin = await startPlugin(body, { pool, ...parts });
  started.push(plugin);
  return plugin;
};

afterEach(async () => {
  await Promise.all(
    started.splice(0).map(({ isolate }) => isolate.stop(new Error('the test is over'), AbortSignal.timeout(200))),
  );
});
afterAll(() => pool.close());

it('reads secrets and writes storage of the one plugin that the host knows it to be', async () => {
  const plugin = await start(`
    ctx.methods.handle('secret', ({ data }) => ctx.secrets.get(data));
    ctx.methods.handle('store', async ({ data }) => (await ctx.storage.set('key', data), ctx.storage.get('key')));
    ctx.methods.handle('keys', () => ctx.storage.list());
  `);
  expect(await plugin.call('secret', 'key')).toBe('open sesame');
  await expect(plugin.call('secret', 'other')).rejects.toMatchObject({ code: 'CAPABILITY_MISSING' });
  expect(await plugin.call('store', new Map([['a', 1]]))).toEqual(new Map([['a', 1]]));
  expect(await plugin.call('keys')).toEqual(['key']);
  await expect(plugin.call('store', 'x'.repeat(2_000_000))).rejects.toMatchObject({ code: 'STORAGE_VALUE_TOO_LARGE' });
});

it('fetches for the plugin, bodies streaming both ways, until the plugin gives up', async () => {
  const server = createServer((request, response) => void request.pipe(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const services: GenerationServices = {
    ...createServices(),
    fetch: (input, init) => fetch(input as string, { ...init, duplex: 'half' } as RequestInit),
  };
  try {
    const plugin = await start(
      `
      ctx.methods.handle('echo', async ({ data }) => {
        const answer = await ctx.fetch('http://127.0.0.1:${port}/', { method: 'POST', body: new Uint8Array(data).fill(1) });
        return [answer.status, (await answer.bytes()).length];
      });
      ctx.methods.handle('forward', async ({ data }) => {
        const answer = await ctx.fetch(new Request('http://127.0.0.1:${port}/', { method: 'PUT', body: data }));
        return answer.text();
      });
      ctx.methods.handle('give up', async () => {
        const own = new AbortController();
        own.abort(new Error('never mind'));
        return ctx.fetch('http://127.0.0.1:${port}/', { signal: own.signal }).catch((error) => error.message);
      });
      ctx.http.post('/through', (request) => ctx.fetch('http://127.0.0.1:${port}/', { method: 'POST', body: request.body }));
    `,
      { services },
    );
    expect(await plugin.call('echo', 3_000_000)).toEqual([200, 3_000_000]);
    expect(await plugin.call('forward', 'words')).toBe('words');
    expect(await plugin.call('give up')).toBe('never mind');
    const request = new HotRequest('http://host.test/through', { method: 'POST', body: 'there and back' });
    const answer = (await plugin.handlers.get('/through')?.(request as never, info() as never)) as HotResponse;
    expect(await answer.text()).toBe('there and back');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

it('calls services with their reasons to give up, and hands on what they throw', async () => {
  const seen: unknown[] = [];
  const services: GenerationServices = {
    ...createServices(),
    callService: (service, method, input, signal) => {
      seen.push([service, method, input]);
      if (method === 'fail') throw Object.assign(new Error('no'), { code: 'NO_SUCH_PLACE', kind: 'not-found' });
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    },
  };
  const plugin = await start(
    `
    const geo = { name: 'geo', methods: { locate: {}, fail: {} } };
    ctx.methods.handle('fail', () => ctx.use(geo).fail({ ip: '::1' }).catch((error) => error.code));
    ctx.methods.handle('give up', () => {
      const own = new AbortController();
      const asked = ctx.use(geo).locate({ ip: '::2' }, { signal: own.signal });
      setTimeout(() => own.abort(new Error('too late')), 5);
      return asked.catch((error) => error === own.signal.reason && error.message);
    });
  `,
    { services },
  );
  expect(await plugin.call('fail')).toBe('NO_SUCH_PLACE');
  expect(await plugin.call('give up')).toBe('too late');
  expect(seen).toEqual([
    ['geo', 'fail', { ip: '::1' }],
    ['geo', 'locate', { ip: '::2' }],
  ]);
});

it('counts what escapes from callbacks and forgotten promises as faults, and lives on', async () => {
  const plugin = await start(`
    setTimeout(() => { throw new Error('out of a timer'); }, 1);
    queueMicrotask(() => { throw new Error('out of a microtask'); });
    void Promise.reject(new Error('forgotten'));
    ctx.methods.handle('alive', () => true);
  `);
  await expect
    .poll(() => plugin.faults.map(({ error }) => (error as Error).message).toSorted())
    .toEqual(['forgotten', 'out of a microtask', 'out of a timer']);
  expect(await plugin.call('alive')).toBe(true);
  expect(plugin.exits).toEqual([]);
});

it('writes log lines whatever is in them, and counts metrics', async () => {
  const lines: unknown[] = [];
  const services = createServices();
  const line = (...said: unknown[]): void => void lines.push(said);
  const log = { debug: line, info: line, warn: line, error: line };
  const counted: unknown[] = [];
  const metrics: GenerationServices['metrics'] = {
    ...services.metrics,
    counter: (name) => {
      if (name === 'taken_total')
        throw Object.assign(new Error('taken'), { code: 'METRIC_CONFLICT', kind: 'conflict' });
      return { add: (value, labels) => void counted.push([name, value, labels]) };
    },
  };
  const plugin = await start(
    `
    ctx.log.info('a word');
    ctx.log.warn({ call: () => {}, size: 7 }, 'with a function');
    const total = ctx.metrics.counter('seen_total', { labels: ['kind'] });
    total.add(2);
    total.add(1, { kind: 'a' });
    ctx.metrics.counter('taken_total').add(1);
    ctx.methods.handle('wrong', ({ data }) => {
      if (data === 'name') ctx.metrics.counter('not a name');
      if (data === 'label') total.add(1, { other: 'x' });
      total.add(NaN);
    });
  `,
    { services: { ...services, log, metrics } },
  );
  expect(lines).toEqual([['a word'], [{ call: expect.any(String), size: 7 }, 'with a function']]);
  expect(counted).toEqual([
    ['seen_total', 2, undefined],
    ['seen_total', 1, { kind: 'a' }],
  ]);
  expect(plugin.faults.map(({ error }) => (error as { code: string }).code)).toEqual(['METRIC_CONFLICT']);
  await expect(plugin.call('wrong', 'name')).rejects.toMatchObject({ code: 'METRIC_NAME_INVALID' });
  await expect(plugin.call('wrong', 'label')).rejects.toMatchObject({ code: 'METRIC_LABEL_UNKNOWN' });
  await expect(plugin.call('wrong')).rejects.toMatchObject({ code: 'METRIC_VALUE_INVALID' });
});

it('tells a stream that the drain has begun, and the plugin that its client left', async () => {
  const plugin = await start(`
    ctx.http.sse('/ticks', async function* (request, { signal }) {
      yield { data: 'first' };
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
    let left;
    ctx.http.get('/endless', (request, { signal }) => {
      signal.addEventListener('abort', () => (left = signal.reason.message));
      return new Response(new ReadableStream({ pull: () => new Promise(() => {}) }));
    });
    ctx.methods.handle('left', () => left);
  `);
  const [draining, signal] = [new AbortController(), new AbortController()];
  const get = async (path: string) =>
    (await plugin.handlers.get(path)?.(
      new HotRequest('http://host.test/ticks') as never,
      { ...info(), draining: draining.signal, signal: signal.signal } as never,
    )) as HotResponse;
  const text = (await get('/ticks')).text();
  draining.abort(new Error('the drain has begun'));
  // It ends by itself, with a hint when to come back.
  expect(await text).toContain('retry: ');
  await get('/endless');
  signal.abort(new Error('the client left'));
  await expect.poll(() => plugin.call('left')).toBe('the client left');
});

it('hands the frames of connections on, and knows how much of them still waits', async () => {
  const sent: (readonly unknown[])[] = [];
  const plugin = await start(
    `
    let buffered;
    ctx.http.websocket('/chat', {
      open: (peer) => void (peer.attachment = { name: 'ada' }),
      message: (peer, data) => {
        peer.send(typeof data === 'string' ? data.toUpperCase() : data);
        peer.send('x'.repeat(100_000));
        buffered = () => peer.bufferedBytes;
        if (data === 'bye') peer.close(4000, 'as you wish');
      },
    });
    ctx.methods.handle('buffered', () => buffered());
  `,
    {
      sockets: {
        send: (id, data) => void sent.push(['send', id, data.length > 10 ? data.length : data]),
        close: (id, code, reason) => void sent.push(['close', id, code, reason]),
        attach: (id, attachment) => void sent.push(['attach', id, attachment?.constructor.name]),
        buffered: () => 12_345,
      },
    },
  );
  const handler = plugin.handlers.get('/chat');
  const event = async (more: object): Promise<unknown> => handler?.({ id: 's1', ...more } as never);
  const peer = {
    url: 'http://host.test/chat',
    rawHeaders: [],
    params: {},
    tenant: undefined,
    address: '',
    protocol: '',
    attachment: undefined,
  };
  await event({ type: 'open', peer });
  await event({ type: 'message', data: 'hi' });
  await event({ type: 'message', data: Buffer.from([1, 2, 3]) });
  await expect.poll(() => plugin.call('buffered')).toBe(12_345);
  await event({ type: 'message', data: 'bye' });
  expect(sent.filter(([, , data]) => data !== 100_000)).toEqual([
    ['attach', 's1', 'Uint8Array'],
    ['send', 's1', 'HI'],
    ['send', 's1', new Uint8Array([1, 2, 3])],
    ['send', 's1', 'BYE'],
    ['close', 's1', 4000, 'as you wish'],
  ]);
});

function info() {
  const never = new AbortController().signal;
  return { requestId: 'r', tenant: undefined, params: {}, client: { address: '' }, signal: never, draining: never };
}
