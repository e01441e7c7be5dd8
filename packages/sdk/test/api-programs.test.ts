import { defineService, definePlugin, method } from '@hotswap/sdk';
import { createTestHost } from '@hotswap/sdk/testing';
import { describe, expect, it } from 'vitest';
import greeter from './fixtures/greeter.ts';
import politeGreeter from './fixtures/polite-greeter.ts';

interface Config {
  greeting: string;
}

const plugin = definePlugin<Config>({
  start(ctx) {
    ctx.http.get('/hello/:name', (_request, { params }) => new Response(`${ctx.config.greeting} ${params['name']}`));
  },
});

const nextVersion = definePlugin<Config>({
  start(ctx) {
    ctx.http.get(
      '/hello/:name',
      (_request, { params }) => new Response(`${ctx.config.greeting}, dear ${params['name']}`),
    );
  },
});

describe('a test of a plugin', () => {
  it('runs it in a real runtime and swaps it', async () => {
    const host = await createTestHost(plugin, { config: { greeting: 'hi' } });
    expect(await (await host.fetch('/hello/ada')).text()).toBe('hi ada');
    const report = await host.swap(nextVersion);
    expect(report.outcome).toBe('swapped');
    expect(await (await host.fetch('/hello/ada')).text()).toBe('hi, dear ada');
    await host.close();
  });

  it('is told when the plugin cannot start, and nothing is left running', async () => {
    const broken = definePlugin({
      start() {
        throw new Error('no port');
      },
    });
    await expect(createTestHost(broken)).rejects.toMatchObject({ code: 'PLUGIN_START_FAILED' });
  });

  it('runs it in a thread of its own, loaded from the file that the test imports it from', async () => {
    const host = await createTestHost(greeter, { config: { greeting: 'hi' }, isolation: 'strict' });
    expect(await (await host.fetch('/hello/ada')).text()).toBe('hi ada');
    expect(host.runtime.pluginStatus(host.plugin)).toMatchObject({ isolation: 'strict', name: 'plugin-under-test' });
    const report = await host.swap(politeGreeter);
    expect(report.outcome).toBe('swapped');
    expect(await (await host.fetch('/hello/ada')).text()).toBe('hi, dear ada');
    await host.close();
  });

  it.each(['strict', 'sandbox', 'container'] as const)(
    'is told that a plugin without a file of its own cannot run at level %s, which has another thread or process',
    async (isolation) => {
      const elsewhere = createTestHost(plugin, { config: { greeting: 'hi' }, isolation });
      await expect(elsewhere).rejects.toMatchObject({ code: 'ISOLATE_NEEDS_SOURCE' });
    },
  );

  it('ends with the block that holds its host', async () => {
    let isStopped = false;
    {
      await using host = await createTestHost(definePlugin({ start: () => ({ stop: () => void (isStopped = true) }) }));
      expect(host.plugin).toBe('plugin-under-test');
    }
    expect(isStopped).toBe(true);
  });
});

it('runs what the guide shows of ctx', async () => {
  const refreshed = Promise.withResolvers<void>();
  const violations: unknown[] = [];
  const shown = definePlugin({
    start(ctx) {
      const tooMany = (request: Request): boolean => request.headers.get('x-client') === 'greedy';
      ctx.http.get('/stock/:id', (_request, { params }) =>
        Response.json({ id: params['id'], generation: ctx.generation }),
      );
      ctx.http.get('/pks/lookup', () => new Response('key'));
      ctx.http.use({ paths: ['/pks/*'], priority: 10 }, (request, next) =>
        tooMany(request) ? new Response('slow down', { status: 429 }) : next(request),
      );
      ctx.http.onRequest({ paths: ['/pks/*'] }, (head) => {
        ctx.log.info({ url: head.url }, 'asked');
      });
      ctx.http.sse('/ticks', async function* (_request, { signal }) {
        if (!signal.aborted) yield { data: 'tick' };
      });
      ctx.methods.handle<number>('charge', async (call) => ({
        receipt: call.data * 2,
        tenant: call.tenant,
        late: call.signal.aborted,
      }));
      ctx.tasks.every('10ms', 'refresh feeds', async ({ signal }) => {
        if (!signal.aborted) refreshed.resolve();
      });
      ctx.events.on('ratelimit.violation', async (event) => void violations.push(event.payload));
      ctx.http.post('/report', async () => {
        await ctx.events.emit('ratelimit.violation', { client: '203.0.113.9' });
        await ctx.storage.set('seen', 41);
        await ctx.storage.transaction(async (tx) => tx.set('seen', ((await tx.get<number>('seen')) ?? 0) + 1));
        const key = await ctx.secrets.get('greeting-key');
        const answer = await ctx
          .fetch('https://api.example.com/v1/time')
          .catch((error: { code: string }) => error.code);
        ctx.metrics.counter('greetings_total').add(1);
        ctx.log.info({ name: 'ada' }, 'greeted');
        return Response.json({ seen: await ctx.storage.get('seen'), key, answer, isEnding: ctx.signal.aborted });
      });
    },
  });
  await using host = await createTestHost(shown, {
    name: 'shown',
    manifest: { capabilities: { secrets: ['greeting-key'] } },
    secrets: { 'greeting-key': 'open sesame' },
  });
  expect(await (await host.fetch('/stock/7')).json()).toEqual({ id: '7', generation: 1 });
  expect((await host.fetch('/pks/lookup')).status).toBe(200);
  expect((await host.fetch('/pks/lookup', { headers: { 'x-client': 'greedy' } })).status).toBe(429);
  expect(await (await host.fetch('/ticks')).text()).toContain('data: tick');
  expect(await host.invoke('charge', 21)).toEqual({ receipt: 42, tenant: undefined, late: false });
  expect(await (await host.fetch('/report', { method: 'POST' })).json()).toEqual({
    seen: 42,
    key: 'open sesame',
    answer: 'CAPABILITY_MISSING',
    isEnding: false,
  });
  await expect.poll(() => violations).toEqual([{ client: '203.0.113.9' }]);
  await refreshed.promise;
  expect(host.runtime.metrics()).toContain('greetings_total');
});

it('lets plugins serve each other, through the swap of the provider', async () => {
  const geo = defineService('geo', { locate: method<{ ip: string }, { country: string }>() });
  const provider = (country: string) =>
    definePlugin({
      start(ctx) {
        ctx.provide(geo, { locate: async ({ ip }) => ({ country: `${country} of ${ip}` }) });
      },
    });
  const consumer = definePlugin({
    start(ctx) {
      ctx.http.get('/where/:ip', async (_request, { params }) => {
        const { country } = await ctx.use(geo).locate({ ip: params['ip'] ?? '' });
        return new Response(country);
      });
    },
  });
  await using host = await createTestHost(consumer, { name: 'consumer' });
  await host.runtime.load({ name: 'provider', definition: provider('one') });
  expect(await (await host.fetch('/where/::1')).text()).toBe('one of ::1');
  await host.runtime.swap('provider', { name: 'provider', definition: provider('two') });
  expect(await (await host.fetch('/where/::1')).text()).toBe('two of ::1');
});

const counting = definePlugin({
  swap: 'exclusive',
  state: {
    version: 2,
    migrations: {
      2: {
        up: (v1: { count: number }) => ({ total: v1.count }),
        down: (v2: { total: number }) => ({ count: v2.total }),
      },
    },
  },
  start(ctx, state?: { total: number }) {
    let total = state?.total ?? 0;
    ctx.http.post('/count', () => Response.json({ total: ++total }));
    return {
      exportState: () => ({ total }),
      health: () => (total < 1e9 ? 'healthy' : { status: 'unhealthy', reason: 'overflow near' }),
    };
  },
});

it('carries state through a swap, up from the version before and down to it again', async () => {
  const earlier = definePlugin({
    swap: 'exclusive',
    state: { version: 1 },
    start(ctx, state?: { count: number }) {
      let count = state?.count ?? 0;
      ctx.http.post('/count', () => Response.json({ count: ++count }));
      return { exportState: () => ({ count }) };
    },
  });
  await using host = await createTestHost(earlier);
  const post = async (): Promise<unknown> => (await host.fetch('/count', { method: 'POST' })).json();
  expect(await post()).toEqual({ count: 1 });
  expect((await host.swap(counting)).outcome).toBe('swapped');
  expect(await post()).toEqual({ total: 2 });
  expect((await host.swap(counting)).outcome).toBe('swapped');
  expect(await post()).toEqual({ total: 3 });
  expect((await host.runtime.rollback(host.plugin)).outcome).toBe('swapped');
  expect((await host.runtime.rollback(host.plugin)).outcome).toBe('swapped');
  expect(await post()).toEqual({ count: 4 });
});
