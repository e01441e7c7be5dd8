import { expect, it } from 'vitest';
import { inMemory, run } from './running-runtime.ts';

const hanging = () => new Promise<never>(() => {});

it.each([
  ['at once', () => new Response('page')],
  ['later', async () => new Response('page')],
])('a middleware that hangs after what stands behind it answered %s is out of time', async (_, page) => {
  await using host = await run({ limits: { callTimeoutMs: 40 } });
  await host.runtime.load(inMemory('page', { start: (ctx) => ctx.http.get('/page', page) }));
  const start = (ctx: Parameters<Parameters<typeof inMemory>[1]['start']>[0]): void =>
    ctx.http.use(async (request, next) => {
      await next(request);
      return hanging();
    });
  await host.runtime.load(inMemory('front', { start }));
  const [status, text] = await host.get('/page');
  expect(status).toBe(504);
  expect(text).toContain('CALL_TIMED_OUT');
});

it('a middleware may wait longer than a call takes for what stands behind it', async () => {
  await using host = await run({ limits: { callTimeoutMs: 80 } });
  const slow = (ctx: Parameters<Parameters<typeof inMemory>[1]['start']>[0]): void =>
    ctx.http.get('/page', async () => {
      await ctx.clock.sleep(50);
      return new Response('page');
    });
  await host.runtime.load(inMemory('page', { start: slow }));
  await host.runtime.load(
    inMemory('front', {
      start: (ctx) =>
        ctx.http.use(async (request, next) => {
          await ctx.clock.sleep(50);
          return next(request);
        }),
    }),
  );
  expect(await host.get('/page')).toEqual([200, 'page']);
});
