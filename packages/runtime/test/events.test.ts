import { describe, expect, it } from 'vitest';
import { inMemory, run, until } from './running-runtime.ts';

describe('subscriptions', () => {
  it('are live from publish on, not from start', async () => {
    await using host = await run();
    const seen: string[] = [];
    const starting = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const loading = host.runtime.load(
      inMemory('a', {
        async start(ctx) {
          ctx.events.on<string>('key.added', ({ payload }) => void seen.push(payload));
          starting.resolve();
          await go.promise;
        },
      }),
    );
    await starting.promise;
    await host.runtime.emit('key.added', 'too early');
    go.resolve();
    await loading;
    await host.runtime.emit('key.added', 'in time');
    await until(() => seen.length > 0, 'an event came');
    expect(seen).toEqual(['in time']);
  });

  it('move with 50 swaps: no event is lost, none comes twice, all come in order', async () => {
    await using host = await run();
    const seen: number[] = [];
    const listener = inMemory('a', {
      start: (ctx) => ctx.events.on<number>('tick', ({ payload }) => void seen.push(payload)),
    });
    await host.runtime.load(listener);
    let sent = 0;
    const done = new AbortController();
    const sending = (async () => {
      while (!done.signal.aborted) {
        await host.runtime.emit('tick', sent++);
        if (sent % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    for (let swap = 0; swap < 50; swap++) await host.runtime.reload('a');
    done.abort();
    await sending;
    await until(() => seen.length >= sent, 'every event was handled');
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: sent }, (_, index) => index));
    expect(host.status('a').generation).toBe(51);
  });

  it('of a generation that is gone hear nothing more', async () => {
    await using host = await run();
    const seen: string[] = [];
    const listener = inMemory('a', {
      start: (ctx) => ctx.events.on('news', () => void seen.push(`generation ${ctx.generation}`)),
    });
    await host.runtime.load(listener);
    await host.runtime.reload('a');
    await host.runtime.emit('news');
    await until(() => seen.length > 0, 'an event came');
    await host.runtime.unload('a');
    await host.runtime.emit('news');
    expect(seen).toEqual(['generation 2']);
  });

  it('come back with a rollback', async () => {
    await using host = await run({ limits: { probationMs: 60_000 } });
    const seen: number[] = [];
    const listener = inMemory('a', { start: (ctx) => ctx.events.on('news', () => void seen.push(ctx.generation)) });
    await host.runtime.load(listener);
    await host.runtime.reload('a');
    await host.runtime.emit('news');
    await until(() => seen.length === 1, 'the new generation heard');
    await host.runtime.rollback('a');
    await host.runtime.emit('news');
    await until(() => seen.length === 2, 'the old generation heard');
    expect(seen).toEqual([2, 1]);
  });
});

it('an event that is being handled is waited for by the drain', async () => {
  await using host = await run();
  const { promise, resolve } = Promise.withResolvers<void>();
  let isHandled = false;
  await host.runtime.load(
    inMemory('a', {
      start: (ctx) =>
        ctx.events.on('news', async () => {
          await promise;
          isHandled = true;
        }),
    }),
  );
  await host.runtime.emit('news');
  await until(() => host.status('a').activeRequests === 1, 'the event is being handled');
  const unloading = host.runtime.unload('a');
  resolve();
  expect((await unloading).cancelled).toBe(0);
  expect(isHandled).toBe(true);
});

it('a handler that fails is logged and counted, and the next event comes all the same', async () => {
  await using host = await run();
  const seen: unknown[] = [];
  await host.runtime.load(
    inMemory('a', {
      start: (ctx) =>
        ctx.events.on('news', ({ payload }) => {
          if (payload === 'bad') throw new Error('cannot read that');
          seen.push(payload);
        }),
    }),
  );
  await host.runtime.emit('news', 'bad');
  await host.runtime.emit('news', 'good');
  await until(() => seen.length > 0, 'the good event came');
  expect(JSON.stringify(host.lines)).toContain('event handler failed');
  expect(host.status('a').counts.errors).toBe(1);
});
