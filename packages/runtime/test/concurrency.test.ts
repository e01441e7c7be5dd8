import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { answering, inMemory, run } from './running-runtime.ts';

/** A plugin whose start waits until it is let go. */
function gated(name: string, text: string) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const plugin = inMemory(name, {
    async start(ctx) {
      begun.resolve();
      await promise;
      ctx.http.get(`/${name}`, () => new Response(text));
    },
  });
  return { plugin, open: resolve, begun: begun.promise };
}

/** A plugin whose `/NAME` answers when it is told to. */
function waiting(name: string, text: string) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const plugin = inMemory(name, {
    start: (ctx) =>
      ctx.http.get(`/${name}`, async () => {
        begun.resolve();
        await promise;
        return new Response(text);
      }),
  });
  return { plugin, answer: resolve, begun: begun.promise };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}

describe('changes of one plugin', () => {
  it('happen one after the other, in the order they were asked for', async () => {
    await using host = await run();
    await host.runtime.load(answering('a', '1'));
    const slow = gated('a', '2');
    const first = host.runtime.swap('a', slow.plugin);
    const second = host.runtime.swap('a', answering('a', '3'));
    await slow.begun;
    expect(await host.get('/a')).toEqual([200, '1']);
    slow.open();
    expect((await first).to).toBe(2);
    expect((await second).from).toBe(2);
    expect(await host.get('/a')).toEqual([200, '3']);
  });

  it('load it once, however often it is asked for at the same time', async () => {
    await using host = await run();
    const results = await Promise.allSettled([1, 2, 3].map((n) => host.runtime.load(answering('a', String(n)))));
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected']);
    expect(host.status('a').generation).toBe(1);
  });

  it('unload it after the swap that was under way', async () => {
    await using host = await run();
    await host.runtime.load(answering('a', '1'));
    const slow = gated('a', '2');
    const swapping = host.runtime.swap('a', slow.plugin);
    await slow.begun;
    const unloading = host.runtime.unload('a');
    slow.open();
    expect((await swapping).outcome).toBe('swapped');
    expect(await unloading).toMatchObject({ outcome: 'unloaded', from: 2 });
    expect(host.runtime.status().plugins).toEqual([]);
  });
});

it('changes different plugins side by side', async () => {
  await using host = await run();
  const slow = gated('slow', 'slow');
  const loading = host.runtime.load(slow.plugin);
  await slow.begun;
  expect((await host.runtime.load(answering('quick', 'quick'))).outcome).toBe('swapped');
  expect(host.status('slow').state).toBe('loading');
  slow.open();
  await loading;
});

it('never lets a reader wait for a change', async () => {
  await using host = await run();
  await host.runtime.load(answering('a', '1'));
  const slow = gated('a', '2');
  const swapping = host.runtime.swap('a', slow.plugin);
  await slow.begun;
  expect(host.status('a').state).toBe('reloading');
  expect(host.runtime.metrics()).toContain('hotswap');
  expect(await host.get('/a')).toEqual([200, '1']);
  slow.open();
  await swapping;
});

describe('while the old generation still holds a request', () => {
  it('the plugin can be swapped again, and each request ends where it began', async () => {
    await using host = await run();
    const first = waiting('a', '1');
    await host.runtime.load(first.plugin);
    const request = host.get('/a');
    await first.begun;
    const second = waiting('a', '2');
    const drainingOne = host.runtime.swap('a', second.plugin);
    const published = await host.runtime.swap('a', answering('a', '3'), { wait: 'published' });
    expect(published).toMatchObject({ from: 2, to: 3 });
    expect(await host.get('/a')).toEqual([200, '3']);
    expect(host.status('a').generations.map(({ number, state }) => [number, state])).toContainEqual([1, 'draining']);
    first.answer();
    expect(await request).toEqual([200, '1']);
    expect((await drainingOne).cancelled).toBe(0);
    await expect.poll(() => host.status('a').generations.map(({ number }) => number)).toEqual([3]);
  });

  it('a rollback makes it serve again, and nothing it takes on from then is cancelled', async () => {
    await using host = await run({ limits: { probationMs: 60_000, drainTimeoutMs: 60 } });
    const first = waiting('a', '1');
    await host.runtime.load(first.plugin);
    const request = host.get('/a');
    await first.begun;
    const swapping = host.runtime.swap('a', answering('a', '2'));
    await expect.poll(() => host.status('a').generation).toBe(2);
    expect(await host.runtime.rollback('a')).toMatchObject({ outcome: 'swapped', from: 2, to: 1 });
    const later = host.get('/a');
    // The swap's own drain ends at its time-out: both requests are the concern of a generation that serves.
    expect((await swapping).cancelled).toBe(0);
    first.answer();
    expect(await Promise.all([request, later])).toEqual([
      [200, '1'],
      [200, '1'],
    ]);
    expect(host.status('a').generations.map(({ number, state }) => [number, state])).toEqual([[1, 'active']]);
  });

  it('a rollback ends the wait for it, however long it goes on serving', async () => {
    await using host = await run({ limits: { probationMs: 60_000, drainTimeoutMs: 60_000 } });
    const first = waiting('a', '1');
    await host.runtime.load(first.plugin);
    const request = host.get('/a');
    await first.begun;
    const swapping = host.runtime.swap('a', answering('a', '2'));
    await expect.poll(() => host.status('a').generation).toBe(2);
    await host.runtime.rollback('a');
    expect(await swapping).toMatchObject({ outcome: 'swapped', cancelled: 0 });
    expect(host.status('a').activeRequests).toBe(1);
    first.answer();
    expect(await request).toEqual([200, '1']);
  });

  it('an unload waits for every generation of the plugin', async () => {
    await using host = await run();
    const first = waiting('a', '1');
    await host.runtime.load(first.plugin);
    const request = host.get('/a');
    await first.begun;
    const secondStopped = Promise.withResolvers<void>();
    const second = inMemory('a', { start: () => ({ stop: () => secondStopped.resolve() }) });
    await host.runtime.swap('a', second, { wait: 'published' });
    let isUnloaded = false;
    const unloading = host.runtime.unload('a').then(() => (isUnloaded = true));
    await secondStopped.promise;
    await turns(20);
    expect(isUnloaded).toBe(false);
    first.answer();
    expect(await request).toEqual([200, '1']);
    await unloading;
  });

  it('closing the runtime waits for it too, and leaves no generation alive', async () => {
    let stopped = 0;
    const host = await run({ limits: { probationMs: 60_000 } });
    const counted = inMemory('a', {
      start: ({ generation }) => ({
        // The older, the slower.
        async stop() {
          await turns(100 - generation * 20);
          stopped++;
        },
      }),
    });
    await host.runtime.load(counted);
    await host.runtime.reload('a');
    await host.runtime.reload('a');
    await host.runtime.close();
    expect(stopped).toBe(3);
  });
});

it('ends a request past the drain time-out by its signal first, and settles it when it does not listen', async () => {
  await using host = await run({ limits: { drainTimeoutMs: 30, graceMs: 20 } });
  let aborted: unknown;
  const plugin = inMemory('a', {
    start(ctx) {
      ctx.http.get(
        '/heeds',
        (_, { signal }) =>
          new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              aborted = signal.reason;
              resolve(new Response('partly'));
            });
          }),
      );
      ctx.http.get('/ignores', () => new Promise(() => {}));
    },
  });
  await host.runtime.load(plugin);
  const requests = Promise.all([host.get('/heeds'), host.get('/ignores')]);
  const report = await host.runtime.swap('a', answering('a', '2'));
  expect(report.cancelled).toBe(2);
  const [heeding, ignoring] = await requests;
  expect(heeding).toEqual([200, 'partly']);
  expect(aborted).toMatchObject({ code: 'CALL_CANCELLED' });
  expect(ignoring[0]).toBe(503);
  expect(ignoring[1]).toContain('CALL_CANCELLED');
});
