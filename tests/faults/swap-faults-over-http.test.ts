import { describe, expect, it } from 'vitest';
import type { SwapReport } from '@hotswap/runtime';
import { Load } from '../load/load.ts';
import { sharedNow } from '../load/load-messages.ts';
import type { LoadResult } from '../load/load-messages.ts';
import { versionedPlugin } from '../load/versioned-plugin.ts';
import { RawConnection } from '../serving/raw-connection.ts';
import { servePlugins } from '../serving/serve-plugins.ts';
import type { ServedPlugins } from '../serving/serve-plugins.ts';

const connections = { 'keep-alive': 8, pipelined: 2, upload: 2, download: 2, post: 2, 'http/1.0': 2 };
const neighbour = `ctx.http.get('/neighbour', () => new Response('neighbour'));`;

/** A served plugin under load, and a neighbour that must notice nothing. */
async function underLoad(limits: Readonly<Record<string, number>> = {}) {
  const serving = await servePlugins({
    plugins: { shop: versionedPlugin(1), neighbour },
    runtime: { limits: { probeMs: 50, ...limits } },
  });
  const load = await Load.begin({ port: serving.port, connections, limitMs: 30_000 });
  await load.answered(50);
  return {
    serving,
    load,
    async [Symbol.asyncDispose]() {
      await load[Symbol.asyncDispose]();
      await serving[Symbol.asyncDispose]();
    },
  };
}

async function neighbourAnswers({ url }: ServedPlugins): Promise<boolean> {
  return (await (await fetch(`${url}/neighbour`)).text()) === 'neighbour';
}

/** What was logged about one operation, by its id. */
function logged({ lines }: ServedPlugins, { operationId }: SwapReport) {
  return lines.filter(({ fields }) => fields['operation_id'] === operationId);
}

function versionsOf({ answers }: LoadResult): readonly number[] {
  return [...new Set(answers.map(({ version }) => version))];
}

describe('a candidate that is refused before it serves', () => {
  const refused: readonly (readonly [string, { readonly start: string; readonly code: string }])[] = [
    ['throws in start', { start: `throw new Error('no luck');`, code: 'PLUGIN_START_FAILED' }],
    ['hangs in start', { start: `await new Promise(() => {});`, code: 'PLUGIN_PHASE_TIMED_OUT' }],
    ['is no JavaScript', { start: `const = ;`, code: 'BUILD_FAILED' }],
    ['is unhealthy', { start: `return { health: () => 'unhealthy' };`, code: 'PLUGIN_UNHEALTHY' }],
    ['takes a route of another plugin', { start: neighbour, code: 'ROUTE_CONFLICT' }],
  ];

  it.each(refused)('%s: no request fails, and report, log and status tell why', async (_, { start, code }) => {
    await using stage = await underLoad({ loadTimeoutMs: 300 });
    const { serving, load } = stage;
    const report = await serving.swap('shop', `${versionedPlugin(2)}\n${start}`);
    expect(report).toMatchObject({ outcome: 'kept', from: 1, to: 1, reason: { code } });
    expect(await neighbourAnswers(serving)).toBe(true);
    await load.answered(50);
    const result = await load.finish();
    expect(result.failures).toEqual([]);
    expect(versionsOf(result)).toEqual([1]);
    expect(logged(serving, report)).toMatchObject([{ level: 'warn', fields: { outcome: 'kept', reason: { code } } }]);
    const status = serving.runtime.pluginStatus('shop');
    expect(status).toMatchObject({ state: 'active', generation: 1, counts: { errors: 0 } });
    expect(status.generations.map(({ number }) => number)).toEqual([1]);
    expect(await serving.swap('shop', versionedPlugin(3))).toMatchObject({ outcome: 'swapped' });
  });
});

describe('a version that goes wrong after it was published', () => {
  it('answers 500: the one before serves again within 200 requests, and no other request fails', async () => {
    await using serving = await servePlugins({ plugins: { shop: versionedPlugin(1), neighbour } });
    const statuses: number[] = [];
    const ask = async (): Promise<void> => void statuses.push((await fetch(`${serving.url}/quick`)).status);
    await ask();
    const returned = Promise.withResolvers<string>();
    serving.runtime.on('rollback', ({ reason }) => returned.resolve(reason));
    const broken = `ctx.http.get('/quick', () => new Response('broken', { status: 500 }));`;
    await serving.swap('shop', broken, { wait: 'published' });
    while (serving.runtime.pluginStatus('shop').generation === 2 && statuses.length < 250) {
      await ask();
      expect(await neighbourAnswers(serving)).toBe(true);
    }
    expect(statuses.filter((status) => status === 500).length).toBeLessThan(200);
    expect(await returned.promise).toBe('error-rate');
    expect(await (await fetch(`${serving.url}/quick`)).text()).toBe('v1');
    const { generation, state, counts } = serving.runtime.pluginStatus('shop');
    expect({ generation, state, rollbacks: counts.rollbacks }).toEqual({
      generation: 1,
      state: 'active',
      rollbacks: 1,
    });
  });

  it('throws out of a timer: the one before serves again, and not one request fails', async () => {
    await using stage = await underLoad();
    const { serving, load } = stage;
    const returned = Promise.withResolvers<string>();
    serving.runtime.on('rollback', ({ reason }) => returned.resolve(reason));
    const bomb = `setTimeout(() => { throw new Error('too late'); }, 100);`;
    await serving.swap('shop', `${versionedPlugin(2)}\n${bomb}`, { wait: 'published' });
    expect(await returned.promise).toBe('crash');
    const returnedAt = sharedNow() + 50;
    expect(serving.runtime.pluginStatus('shop').generation).toBe(1);
    await load.answered(200);
    const result = await load.finish();
    expect(result.failures).toEqual([]);
    const later = result.answers.filter(({ sentAt }) => sentAt > returnedAt);
    expect(new Set(later.map(({ version }) => version))).toEqual(new Set([1]));
    expect(serving.lines.find(({ message }) => message === 'plugin was rolled back by its watch')).toBeDefined();
  });

  it('throws in stop: its successor serves, the log says so, and no request fails', async () => {
    await using stage = await underLoad({ probationMs: 0 });
    const { serving, load } = stage;
    const bad = `${versionedPlugin(2)}\nreturn { stop() { throw new Error('I will not'); } };`;
    await serving.swap('shop', bad);
    const report = await serving.swap('shop', versionedPlugin(3));
    expect(report).toMatchObject({ outcome: 'swapped', from: 2, to: 3 });
    await load.answered(50);
    expect((await load.finish()).failures).toEqual([]);
    expect(serving.lines.filter(({ level }) => level === 'error')).toMatchObject([
      { message: 'undo step failed', fields: { error: { code: 'PLUGIN_STOP_FAILED' } } },
    ]);
    expect(serving.runtime.pluginStatus('shop').generations.map(({ number }) => number)).toEqual([3]);
  });
});

describe('a handler', () => {
  it('over its time is answered 504 and gets its signal; the plugin goes on serving', async () => {
    const slow = `
      ctx.http.get('/slow', (_, { signal }) => new Promise((_, reject) =>
        signal.addEventListener('abort', () => { ctx.log.info('heard its signal'); reject(signal.reason); })));
      ctx.http.get('/deaf', () => new Promise(() => {}));
      ctx.http.get('/fine', () => new Response('fine'));`;
    await using serving = await servePlugins({ plugins: { slow }, runtime: { limits: { callTimeoutMs: 100 } } });
    for (const path of ['/slow', '/deaf']) {
      const answer = await fetch(serving.url + path);
      expect([answer.status, await answer.json()]).toMatchObject([504, { error: { code: 'CALL_TIMED_OUT' } }]);
    }
    expect(serving.lines.some(({ message }) => message === 'heard its signal')).toBe(true);
    expect(await (await fetch(`${serving.url}/fine`)).text()).toBe('fine');
    expect(serving.runtime.pluginStatus('slow')).toMatchObject({ state: 'active', activeRequests: 0 });
  });

  it.each(['undefined', 'null', '42', `'text'`, '{}', '{ status: 200, body: 1 }', 'Promise.resolve()'])(
    'that answers %s instead of a Response is a 502 of its own, and nobody else notices',
    async (garbage) => {
      const plugins = { bad: `ctx.http.get('/bad', () => (${garbage}));`, neighbour };
      await using serving = await servePlugins({ plugins });
      using connection = await RawConnection.open(serving.port);
      connection.write('GET /bad HTTP/1.1\r\nHost: a\r\n\r\nGET /neighbour HTTP/1.1\r\nHost: a\r\n\r\n');
      const bad = await connection.answer();
      expect(bad.status).toBe(502);
      expect(JSON.parse(bad.body)).toMatchObject({ error: { code: expect.stringMatching(/^(HANDLER|PLUGIN)_/) } });
      expect(await connection.answer()).toMatchObject({ status: 200, body: 'neighbour' });
      expect(serving.runtime.pluginStatus('bad')).toMatchObject({ activeRequests: 0, counts: { errors: 1 } });
    },
  );
});

describe('an answer that still streams when the drain time-out passes', () => {
  const endless = `
    async function* endless(signal) {
      signal.addEventListener('abort', () => ctx.log.info({ code: signal.reason.code }, 'heard its signal'));
      yield 'first';
      await new Promise(() => {});
    }
    ctx.http.get('/endless', (_, { signal }) => new Response(endless(signal)));`;

  it.each(['1.1', '1.0'])(
    'is broken off over HTTP/%s, so that its client sees that it is not whole',
    async (version) => {
      await using serving = await servePlugins({
        plugins: { shop: endless, neighbour },
        runtime: { limits: { drainTimeoutMs: 100, graceMs: 50, probationMs: 0 } },
      });
      using connection = await RawConnection.open(serving.port);
      connection.write(`GET /endless HTTP/${version}\r\nHost: a\r\n\r\n`);
      await connection.until('first');
      const report = await serving.swap('shop', versionedPlugin(2));
      expect(report).toMatchObject({ outcome: 'swapped', cancelled: 1 });
      const { rest, error } = await connection.closed();
      expect(rest).not.toContain('\r\n0\r\n\r\n');
      if (version === '1.0') expect(error).toMatchObject({ code: 'ECONNRESET' });
      expect(serving.lines.find(({ message }) => message === 'heard its signal')).toMatchObject({
        fields: { code: 'CALL_CANCELLED' },
      });
      expect(await (await fetch(`${serving.url}/quick`)).text()).toBe('v2');
      const { generations, activeRequests } = serving.runtime.pluginStatus('shop');
      expect({ numbers: generations.map(({ number }) => number), activeRequests }).toEqual({
        numbers: [2],
        activeRequests: 0,
      });
    },
  );

  it('is left alone when only middleware and hooks around it were swapped', async () => {
    const gate = `
      ctx.http.use({ paths: ['/*'] }, (request, next) => next(request));
      ctx.http.use({ paths: ['/*'] }, async (request, next) => await next(request));
      ctx.http.onRequest({ paths: ['/*'] }, () => {});
      ctx.http.onResponse({ paths: ['/*'] }, () => {});`;
    const ticking = `
      let end = () => {};
      async function* parts() {
        yield 'first';
        await new Promise((resolve) => (end = resolve));
        yield 'last';
      }
      ctx.http.get('/ticking', () => new Response(parts()));
      ctx.http.post('/end', () => (end(), new Response('ended')));`;
    await using serving = await servePlugins({
      plugins: { gate, ticking },
      runtime: { limits: { drainTimeoutMs: 100, graceMs: 50, probationMs: 0 } },
    });
    using connection = await RawConnection.open(serving.port);
    connection.write('GET /ticking HTTP/1.1\r\nHost: a\r\n\r\n');
    await connection.until('first');
    expect(await serving.swap('gate', gate)).toMatchObject({ outcome: 'swapped', cancelled: 0 });
    await fetch(`${serving.url}/end`, { method: 'POST' });
    expect(await connection.answer()).toMatchObject({ status: 200, body: 'firstlast' });
  });
});
