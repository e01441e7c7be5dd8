import { definePlugin, defineService, method, type PluginContext, type PluginDefinition } from '@hotswap/sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { createRuntime, type Runtime } from '@hotswap/runtime';
import { createRecordingLog } from './running-runtime.ts';

let runtime: Runtime;
afterEach(() => runtime.close());

const begin = async (plugins: Readonly<Record<string, PluginDefinition>>, limits: object = {}): Promise<void> => {
  runtime = createRuntime({
    log: createRecordingLog(),
    environment: {},
    guardProcess: false,
    limits: { probationMs: 0, ...limits },
  });
  await runtime.start();
  for (const [name, definition] of Object.entries(plugins)) {
    expect((await runtime.load({ name, definition })).reason).toBeUndefined();
  }
};
const get = (path: string, init?: RequestInit): Promise<Response> =>
  runtime.fetch(new Request(`http://host.test${path}`, init));
const text = async (path: string, init?: RequestInit): Promise<string> => (await get(path, init)).text();
const exclusive = (start: (ctx: PluginContext) => void): PluginDefinition =>
  definePlugin({
    swap: 'exclusive',
    start: (ctx) => {
      start(ctx);
    },
  }) as never;
const overlapping = (start: (ctx: PluginContext) => void): PluginDefinition =>
  definePlugin({
    start: (ctx) => {
      start(ctx);
    },
  }) as never;
const whenParked = (plugin: string) =>
  expect.poll(() => runtime.pluginStatus(plugin).gate, { interval: 1 }).toBe('parked');

/** A request that stays in the plugin until it is told to go on. */
function latch() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  return { wait: () => (entered.resolve(), promise), entered: entered.promise, goOn: resolve };
}

const a = defineService('a', { name: method<null, string>() });
const b = defineService('b', { through: method<null, string>() });

describe('requests that arrive while a plugin changes hands', () => {
  const slow = (label: string, hold: () => Promise<void>) =>
    exclusive((ctx) => {
      ctx.http.get('/slow', async () => (await hold(), new Response(label)));
      ctx.http.get('/name', () => new Response(label));
      ctx.methods.handle('name', () => label);
    });

  it('wait for those that came before, and are served by the new generation', async () => {
    const held = latch();
    await begin({ a: slow('old', held.wait) });
    const before = text('/slow');
    await held.entered;
    const swapping = runtime.swap('a', { name: 'a', definition: slow('new', held.wait) });
    await whenParked('a');
    const during = [text('/name'), runtime.invoke('a', 'name')];
    held.goOn();
    expect([await before, ...(await Promise.all(during))]).toEqual(['old', 'new', 'new']);
    expect(await swapping).toMatchObject({ outcome: 'swapped', parked: 2, carried: 2, cancelled: 0 });
  });

  it('go back to the old generation when that does not finish in time', async () => {
    const held = latch();
    await begin({ a: slow('old', held.wait) }, { parkTimeoutMs: 50 });
    const before = text('/slow');
    await held.entered;
    const swapping = runtime.swap('a', { name: 'a', definition: slow('new', held.wait) });
    await whenParked('a');
    const during = text('/name');
    expect(await during).toBe('old');
    expect(await swapping).toMatchObject({ outcome: 'kept', from: 1, to: 1, reason: { code: 'HAND_OVER_TIMED_OUT' } });
    held.goOn();
    expect(await before).toBe('old');
    expect(runtime.pluginStatus('a')).toMatchObject({ state: 'active', generation: 1 });
  });

  it('go back to the old generation when more arrive than there are places', async () => {
    const held = latch();
    await begin({ a: slow('old', held.wait) }, { maxParked: 2 });
    const before = text('/slow');
    await held.entered;
    const swapping = runtime.swap('a', { name: 'a', definition: slow('new', held.wait) });
    await whenParked('a');
    expect(await Promise.all([text('/name'), text('/name'), text('/name')])).toEqual(['old', 'old', 'old']);
    expect(await swapping).toMatchObject({ outcome: 'kept', reason: { code: 'PARKING_FULL' } });
    held.goOn();
    expect(await before).toBe('old');
  });

  it('give their place up when their client leaves', async () => {
    const held = latch();
    await begin({ a: slow('old', held.wait) }, { maxParked: 1 });
    const before = text('/slow');
    await held.entered;
    const swapping = runtime.swap('a', { name: 'a', definition: slow('new', held.wait) });
    await whenParked('a');
    const leaving = new AbortController();
    const gone = get('/name', { signal: leaving.signal });
    leaving.abort();
    await gone.catch(() => {});
    const stays = text('/name');
    held.goOn();
    expect([await before, await stays]).toEqual(['old', 'new']);
    expect((await swapping).outcome).toBe('swapped');
  });
});

describe('nobody waits for somebody who waits for him', () => {
  /** A plugin whose route enters, waits, then asks `ask`, while it is being swapped. */
  const asking = (held: ReturnType<typeof latch>, ask: (ctx: PluginContext) => Promise<string>, label: string) =>
    exclusive((ctx) => {
      ctx.provide(a, { name: () => label });
      ctx.http.get('/ask', async () => (await held.wait(), new Response(await ask(ctx))));
    });
  const swapWhileAsking = async (
    next: PluginDefinition,
    held: ReturnType<typeof latch>,
    path = '/ask',
  ): Promise<string> => {
    const asked = text(path);
    await held.entered;
    const swapping = runtime.swap('a', { name: 'a', definition: next });
    await whenParked('a');
    held.goOn();
    const answer = await asked;
    expect(await swapping).toMatchObject({ outcome: 'swapped', cancelled: 0 });
    return answer;
  };

  it('a plugin that calls its own service is answered by the generation it is in', async () => {
    const held = latch();
    const self = (label: string) => asking(held, (ctx) => ctx.use(a).name(null), label);
    await begin({ a: self('old') });
    expect(await swapWhileAsking(self('new'), held)).toBe('old');
    expect(await text('/ask')).toBe('new');
  });

  it('a plugin that is called back by the one it called is answered', async () => {
    const held = latch();
    const there = (label: string) => asking(held, (ctx) => ctx.use(b).through(null), label);
    const back = overlapping((ctx) => ctx.provide(b, { through: () => ctx.use(a).name(null) }));
    await begin({ b: back, a: there('old') });
    expect(await swapWhileAsking(there('new'), held)).toBe('old');
  });

  it('a route behind its own middleware goes on in the generation that let it through', async () => {
    const held = latch();
    const both = (label: string) =>
      exclusive((ctx) => {
        ctx.http.use({ paths: ['/ask'] }, async (request, next) => (await held.wait(), next(request)));
        ctx.http.get('/ask', () => new Response(label));
      });
    await begin({ a: both('old') });
    expect(await swapWhileAsking(both('new'), held)).toBe('old');
  });

  it('a route behind a middleware may call the plugin of the middleware', async () => {
    const held = latch();
    const guard = (label: string) =>
      exclusive((ctx) => {
        ctx.provide(a, { name: () => label });
        ctx.http.use({ paths: ['/behind'] }, (request, next) => next(request));
      });
    const route = overlapping((ctx) =>
      ctx.http.get('/behind', async () => (await held.wait(), new Response(await ctx.use(a).name(null)))),
    );
    await begin({ a: guard('old'), b: route });
    expect(await swapWhileAsking(guard('new'), held, '/behind')).toBe('old');
  });

  it('two plugins that are swapped together, each in front of the other, do not block each other', async () => {
    const [one, two] = [latch(), latch()];
    const guarding = (own: string, path: string, held: ReturnType<typeof latch>, label: string) =>
      exclusive((ctx) => {
        ctx.http.use({ paths: [path] }, async (request, next) => (await held.wait(), next(request)));
        ctx.http.get(own, () => new Response(label));
      });
    await begin({ a: guarding('/a', '/b', one, 'a old'), b: guarding('/b', '/a', two, 'b old') });
    const crossing = [text('/a'), text('/b')];
    await Promise.all([one.entered, two.entered]);
    const swaps = [
      runtime.swap('a', { name: 'a', definition: guarding('/a', '/b', one, 'a new') }),
      runtime.swap('b', { name: 'b', definition: guarding('/b', '/a', two, 'b new') }),
    ];
    await Promise.all([whenParked('a'), whenParked('b')]);
    one.goOn();
    two.goOn();
    await Promise.all(crossing);
    for (const swapping of swaps) expect(await swapping).toMatchObject({ outcome: 'swapped', cancelled: 0 });
    expect(await Promise.all([text('/a'), text('/b')])).toEqual(['a new', 'b new']);
  });

  it('but a stranger waits', async () => {
    const held = latch();
    const provider = (label: string) => asking(held, async () => label, label);
    const stranger = overlapping((ctx) =>
      ctx.http.get('/stranger', async () => new Response(await ctx.use(a).name(null))),
    );
    await begin({ a: provider('old'), b: stranger });
    const asked = text('/ask');
    await held.entered;
    const swapping = runtime.swap('a', { name: 'a', definition: provider('new') });
    await whenParked('a');
    const waited = text('/stranger');
    held.goOn();
    expect([await asked, await waited]).toEqual(['old', 'new']);
    expect(await swapping).toMatchObject({ outcome: 'swapped', parked: 1 });
  });
});

describe('what does not come over HTTP', () => {
  const hearing = (label: string, heard: string[], hold: () => Promise<void>) =>
    exclusive((ctx) => {
      ctx.events.on('news', async ({ payload }) => {
        if (payload === 1) await hold();
        heard.push(`${label} ${String(payload)}`);
      });
    });

  it('events wait in their order: the one under way is finished, the others go to the new generation', async () => {
    const held = latch();
    const heard: string[] = [];
    await begin({ a: hearing('old', heard, held.wait) });
    await runtime.emit('news', 1);
    await held.entered;
    const swapping = runtime.swap('a', { name: 'a', definition: hearing('new', heard, held.wait) });
    await runtime.emit('news', 2);
    await whenParked('a');
    await runtime.emit('news', 3);
    held.goOn();
    expect((await swapping).outcome).toBe('swapped');
    await runtime.emit('news', 4);
    await expect.poll(() => heard).toEqual(['old 1', 'new 2', 'new 3', 'new 4']);
  });

  it('events go on to the old generation when the hand-over is given up', async () => {
    const held = latch();
    const heard: string[] = [];
    await begin({ a: hearing('old', heard, held.wait) }, { parkTimeoutMs: 30 });
    await runtime.emit('news', 1);
    await held.entered;
    const swapping = runtime.swap('a', { name: 'a', definition: hearing('new', heard, held.wait) });
    await runtime.emit('news', 2);
    expect((await swapping).outcome).toBe('kept');
    held.goOn();
    await expect.poll(() => heard).toEqual(['old 1', 'old 2']);
  });

  it('a task never runs in two generations at once, and goes on in the new one', async () => {
    const running = new Set<number>();
    const seen = new Set<number>();
    let overlaps = 0;
    const ticking = exclusive((ctx) => {
      ctx.tasks.every(2, 'tick', async () => {
        if (running.size > 0) overlaps++;
        running.add(ctx.generation);
        seen.add(ctx.generation);
        await new Promise(setImmediate);
        running.delete(ctx.generation);
      });
    });
    await begin({ a: ticking });
    await expect.poll(() => seen.has(1)).toBe(true);
    expect((await runtime.reload('a')).outcome).toBe('swapped');
    await expect.poll(() => seen.has(2)).toBe(true);
    expect(overlaps).toBe(0);
  });
});
