import { defineService, method } from '@hotswap/sdk';
import { describe, expect, it } from 'vitest';
import { inMemory, run } from './running-runtime.ts';

const geo = defineService('geo', { locate: method<{ ip: string }, { country: string }>() });

const provider = (country: string, more: Readonly<Record<string, unknown>> = {}) =>
  inMemory('geo-provider', { start: (ctx) => ctx.provide(geo, { locate: async () => ({ country }) }) }, more);
const consumer = inMemory('shop', {
  start: (ctx) => {
    const client = ctx.use(geo);
    ctx.http.get('/country', async () => Response.json(await client.locate({ ip: '203.0.113.9' })));
  },
});

describe('a consumer of a service', () => {
  it('starts before its provider and waits for it', async () => {
    await using host = await run();
    await host.runtime.load(consumer);
    const waiting = host.get('/country');
    await host.runtime.load(provider('NO'));
    expect(await waiting).toEqual([200, '{"country":"NO"}']);
  });

  it('survives every swap of its provider, without one failed call', async () => {
    await using host = await run();
    await host.runtime.load(provider('v0'));
    await host.runtime.load(consumer);
    const done = new AbortController();
    const answers: (readonly [number, string])[] = [];
    const calling = (async () => {
      while (!done.signal.aborted) answers.push(await host.get('/country'));
    })();
    for (let version = 1; version <= 20; version++) await host.runtime.swap('geo-provider', provider(`v${version}`));
    done.abort();
    await calling;
    expect(answers.filter(([status]) => status !== 200)).toEqual([]);
    expect(await host.get('/country')).toEqual([200, '{"country":"v20"}']);
    expect(host.status('shop').generation).toBe(1);
  });

  it('waits while the provider is away and goes on with the next one', async () => {
    await using host = await run();
    await host.runtime.load(provider('one'));
    await host.runtime.load(consumer);
    await host.runtime.unload('geo-provider');
    const waiting = host.get('/country');
    await host.runtime.load(provider('two'));
    expect(await waiting).toEqual([200, '{"country":"two"}']);
  });

  it('is told when nobody comes in time', async () => {
    await using host = await run({ limits: { callTimeoutMs: 60 } });
    await expect(host.runtime.use(geo).locate({ ip: '' })).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });
});

describe('a provider', () => {
  it('of another plugin cannot take a service over, and the first goes on', async () => {
    await using host = await run();
    await host.runtime.load(provider('first'));
    const second = inMemory('usurper', { start: (ctx) => ctx.provide(geo, { locate: () => ({ country: 'second' }) }) });
    expect(await host.runtime.load(second)).toMatchObject({ outcome: 'failed', reason: { code: 'SERVICE_CONFLICT' } });
    expect(await host.runtime.use(geo).locate({ ip: '' })).toEqual({ country: 'first' });
  });

  it('keeps a call that began with it, while the next generation takes new ones', async () => {
    await using host = await run();
    const { promise, resolve } = Promise.withResolvers<void>();
    const slow = inMemory('geo-provider', {
      start: (ctx) =>
        ctx.provide(geo, {
          locate: async () => {
            await promise;
            return { country: 'old' };
          },
        }),
    });
    await host.runtime.load(slow);
    const early = host.runtime.use(geo).locate({ ip: '' });
    await expect.poll(() => host.status('geo-provider').activeRequests).toBe(1);
    const swapping = host.runtime.swap('geo-provider', provider('new'));
    await expect.poll(() => host.status('geo-provider').generation).toBe(2);
    expect(await host.runtime.use(geo).locate({ ip: '' })).toEqual({ country: 'new' });
    resolve();
    expect(await early).toEqual({ country: 'old' });
    expect((await swapping).cancelled).toBe(0);
  });

  it('sees by its signal that its time is over', async () => {
    await using host = await run({ limits: { callTimeoutMs: 40 } });
    const seen = Promise.withResolvers<unknown>();
    const endless = inMemory('geo-provider', {
      start: (ctx) =>
        ctx.provide(geo, {
          locate: (_, { signal }) => {
            signal.addEventListener('abort', () => seen.resolve(signal.reason));
            return new Promise(() => {});
          },
        }),
    });
    await host.runtime.load(endless);
    await expect(host.runtime.use(geo).locate({ ip: '' })).rejects.toMatchObject({
      code: expect.stringMatching(/^(SERVICE|CALL)_TIMED_OUT$/),
    });
    expect(await seen.promise).toMatchObject({ kind: 'timeout' });
  });

  it('fails with a code when it throws', async () => {
    await using host = await run();
    const failing = inMemory('geo-provider', {
      start: (ctx) =>
        ctx.provide(geo, {
          locate: () => {
            throw new Error('no map');
          },
        }),
    });
    await host.runtime.load(failing);
    await expect(host.runtime.use(geo).locate({ ip: '' })).rejects.toMatchObject({ code: 'PLUGIN_HANDLER_FAILED' });
  });
});

it('a method of a plugin is called by name, at whatever generation serves', async () => {
  await using host = await run();
  const adding = (by: number) =>
    inMemory('adder', { start: (ctx) => ctx.methods.handle<number>('add', ({ data }) => data + by) });
  await host.runtime.load(adding(1));
  const add = host.runtime.method<number, number>('adder', 'add');
  expect(add(1)).toBe(2);
  await host.runtime.swap('adder', adding(10));
  expect(add(1)).toBe(11);
  expect(() => host.runtime.invoke('adder', 'subtract')).toThrow(expect.objectContaining({ code: 'METHOD_UNKNOWN' }));
  await host.runtime.unload('adder');
  expect(() => add(1)).toThrow(expect.objectContaining({ code: 'PLUGIN_UNKNOWN' }));
});
