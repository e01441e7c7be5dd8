import { describe, expect, it } from 'vitest';
import { RawConnection } from '../serving/raw-connection.ts';
import type { RawAnswer } from '../serving/raw-connection.ts';
import { servePlugins } from '../serving/serve-plugins.ts';
import type { ServedPlugins } from '../serving/serve-plugins.ts';

/** Answers `/shop` at once and `/slow` only when `letGo` is called. */
const shop = `
  ctx.http.get('/shop', () => new Response('shop'));
  ctx.http.get('/slow', () => new Promise((resolve) => {
    globalThis.letGo = () => resolve(new Response('slow'));
  }));
  ctx.http.onResponse({ paths: ['/*'] }, (head) => void head.headers.set('x-hook', 'shop'));
  ctx.http.use({ paths: ['/*'] }, async (request, next) => {
    const response = await next(request);
    response.headers.set('x-gate', 'shop');
    return response;
  });`;
const other = `
  ctx.http.get('/other', () => new Response('other'));`;

async function get(served: ServedPlugins, path: string): Promise<RawAnswer> {
  using connection = await RawConnection.open(served.port);
  connection.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  return await connection.answer();
}

/** Begins an end that a request in flight holds up, and gives what lets it go on. */
async function heldUp(served: ServedPlugins, begin: () => Promise<unknown>) {
  const connection = await RawConnection.open(served.port);
  connection.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
  await expect.poll(() => served.runtime.pluginStatus('shop').activeRequests).toBeGreaterThan(0);
  const ending = begin();
  await expect.poll(() => served.runtime.pluginStatus('shop').state).toBe('unloading');
  return {
    async letGo(): Promise<RawAnswer> {
      const answering = connection.answer();
      (Reflect.get(globalThis, 'letGo') as () => void)();
      const answer = await answering;
      await ending;
      connection[Symbol.dispose]();
      return answer;
    },
  };
}

describe.each([
  ['unloaded', (served: ServedPlugins) => served.runtime.unload('shop')],
  ['disabled', (served: ServedPlugins) => served.runtime.disable('shop')],
] as const)('a plugin that is being %s', (word, begin) => {
  it('answers 503 with Retry-After while requests it took on are finished, and 404 afterwards', async () => {
    await using served = await servePlugins({ plugins: { shop, other } });
    const held = await heldUp(served, () => begin(served));
    const refused = await get(served, '/shop');
    expect(refused).toMatchObject({ status: 503, body: 'Service temporarily unavailable' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await held.letGo()).toMatchObject({ status: 200, body: 'slow' });
    expect((await get(served, '/shop')).status).toBe(404);
    const plugins = served.runtime.status().plugins.map(({ name, state }) => `${name} ${state}`);
    expect(plugins).toEqual(word === 'unloaded' ? ['other active'] : ['shop disabled', 'other active']);
  });

  it('has its middleware and hooks skipped at once, and other plugins notice nothing', async () => {
    await using served = await servePlugins({ plugins: { shop, other } });
    const before = await get(served, '/other');
    expect([before.headers.get('x-gate'), before.headers.get('x-hook')]).toEqual(['shop', 'shop']);
    const held = await heldUp(served, () => begin(served));
    const meanwhile = await get(served, '/other');
    expect(meanwhile).toMatchObject({ status: 200, body: 'other' });
    expect([meanwhile.headers.has('x-gate'), meanwhile.headers.has('x-hook')]).toEqual([false, false]);
    await held.letGo();
    expect(await get(served, '/other')).toMatchObject({ status: 200, body: 'other' });
  });
});

it('a disabled plugin serves again when it is enabled', async () => {
  await using served = await servePlugins({ plugins: { shop, other } });
  await served.runtime.disable('shop');
  expect((await get(served, '/other')).headers.has('x-gate')).toBe(false);
  await served.runtime.enable('shop');
  expect(await get(served, '/shop')).toMatchObject({ status: 200, body: 'shop' });
  expect((await get(served, '/other')).headers.get('x-gate')).toBe('shop');
});

it('a plugin that never started has no routes, and does not harm others', async () => {
  await using served = await servePlugins({ plugins: { other } });
  const path = await served.write('shop', `${shop}\nthrow new Error('not today');`);
  expect(await served.runtime.load(path)).toMatchObject({ outcome: 'failed', reason: { code: 'PLUGIN_START_FAILED' } });
  expect(served.runtime.pluginStatus('shop').state).toBe('failed');
  expect((await get(served, '/shop')).status).toBe(404);
  const answer = await get(served, '/other');
  expect([answer.status, answer.headers.has('x-gate')]).toEqual([200, false]);
});
