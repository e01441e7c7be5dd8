import type { PluginContext } from '@hotswap/sdk';
import { describe, expect, it } from 'vitest';
import { reportError } from '@hotswap/runtime';
import { answering, inMemory, run } from './running-runtime.ts';

describe('load', () => {
  it('brings a plugin to life and says in its report what it took', async () => {
    await using host = await run();
    const report = await host.runtime.load(answering('a', 'one'));
    expect(report).toMatchObject({
      outcome: 'swapped',
      operation: 'load',
      plugin: 'a',
      from: undefined,
      to: 1,
      cancelled: 0,
    });
    expect(report.steps.map(({ name }) => name)).toEqual(['check', 'evaluate', 'start', 'warm-up', 'route', 'publish']);
    expect(report.operationId).toMatch(/^load-/);
    expect(reportError(report)).toBeUndefined();
    expect(await host.get('/a')).toEqual([200, 'one']);
    expect(host.transitions).toEqual([{ plugin: 'a', from: 'loading', to: 'active' }]);
  });

  it('refuses a plugin that is loaded already', async () => {
    await using host = await run();
    await host.runtime.load(answering('a', 'one'));
    await expect(host.runtime.load(answering('a', 'two'))).rejects.toMatchObject({ code: 'PLUGIN_LOADED_ALREADY' });
    expect(await host.get('/a')).toEqual([200, 'one']);
  });

  it('takes a plugin that failed before', async () => {
    await using host = await run();
    const broken = inMemory('a', {
      start() {
        throw new Error('no');
      },
    });
    expect(await host.runtime.load(broken)).toMatchObject({
      outcome: 'failed',
      to: undefined,
      reason: { code: 'PLUGIN_START_FAILED' },
    });
    expect(host.status('a')).toMatchObject({ state: 'failed', reason: { code: 'PLUGIN_START_FAILED' } });
    expect(await host.runtime.load(answering('a', 'mended'))).toMatchObject({ outcome: 'swapped' });
    expect(host.status('a')).toMatchObject({ state: 'active', reason: undefined });
  });
});

describe('swap and reload', () => {
  it('put a new generation in the place of the old one', async () => {
    await using host = await run();
    await host.runtime.load(answering('a', 'one'));
    const report = await host.runtime.swap('a', answering('a', 'two', { version: '2.0.0' }));
    expect(report).toMatchObject({ outcome: 'swapped', from: 1, to: 2 });
    expect(report.steps.map(({ name }) => name)).toEqual([
      'load',
      'check',
      'evaluate',
      'start',
      'warm-up',
      'route',
      'publish',
      'drain',
    ]);
    expect(await host.get('/a')).toEqual([200, 'two']);
    expect(await host.runtime.reload('a')).toMatchObject({ outcome: 'swapped', operation: 'reload', from: 2, to: 3 });
    expect(host.status('a')).toMatchObject({ version: '2.0.0', generation: 3, reloadCount: 2 });
    expect(host.status('a').generations).toHaveLength(1);
  });

  it('take a new config with the new source', async () => {
    await using host = await run();
    const plugin = inMemory('a', { start: (ctx) => ctx.http.get('/a', () => Response.json(ctx.config)) });
    await host.runtime.load(plugin, { config: { size: 1 } });
    await host.runtime.swap('a', plugin, { config: { size: 2 } });
    expect(await host.get('/a')).toEqual([200, '{"size":2}']);
    await host.runtime.reload('a');
    expect(await host.get('/a')).toEqual([200, '{"size":2}']);
  });

  it.each(['reload', 'restart', 'rollback', 'enable', 'disable', 'unload'] as const)(
    '%s refuses a plugin that is not there',
    async (verb) => {
      await using host = await run();
      await expect(host.runtime[verb]('nobody')).rejects.toMatchObject({ code: 'PLUGIN_UNKNOWN' });
    },
  );
});

describe('configure', () => {
  const schema = {
    config: { type: 'object', properties: { word: { type: 'string', default: 'hi' } }, additionalProperties: false },
  };

  it('is done in place by a plugin that takes it', async () => {
    await using host = await run();
    let word = '';
    const plugin = inMemory(
      'a',
      {
        start(ctx: PluginContext<{ word: string }>) {
          ({ word } = ctx.config);
          ctx.http.get('/a', () => new Response(`${word} ${ctx.generation}`));
          return { configure: (next: { word: string }) => void ({ word } = next) };
        },
      } as never,
      schema,
    );
    await host.runtime.load(plugin);
    expect(await host.get('/a')).toEqual([200, 'hi 1']);
    expect(await host.runtime.configure('a', { word: 'hey' })).toMatchObject({ outcome: 'configured', from: 1, to: 1 });
    expect(await host.get('/a')).toEqual([200, 'hey 1']);
    expect(host.runtime.pluginConfig('a')).toEqual({ word: 'hey' });
    expect(host.status('a').configSource).toBe('api');
  });

  it('is a swap for a plugin that does not take it, or says swap', async () => {
    await using host = await run();
    const plugin = inMemory('a', {
      start(ctx) {
        ctx.http.get('/a', () => new Response(String(ctx.generation)));
        return { configure: () => 'swap' as const };
      },
    });
    await host.runtime.load(plugin);
    expect(await host.runtime.configure('a', { any: 1 })).toMatchObject({
      outcome: 'swapped',
      operation: 'configure',
      to: 2,
    });
    expect(await host.get('/a')).toEqual([200, '2']);
  });

  it('leaves the old config in force when it is refused by schema or plugin, or not taken in time', async () => {
    await using host = await run({ limits: { loadTimeoutMs: 30 } });
    const plugin = inMemory(
      'a',
      {
        start: () => ({
          configure(next: { word: string }) {
            if (next.word === 'never') return new Promise<void>(() => {});
            throw new Error('not that word');
          },
        }),
      } as never,
      schema,
    );
    await host.runtime.load(plugin);
    const refusals = [{ word: 5 }, { other: 'x' }, { word: 'no' }, { word: 'never' }];
    const codes: unknown[] = [];
    for (const config of refusals) {
      const report = await host.runtime.configure('a', config);
      expect(report.outcome).toBe('kept');
      codes.push(report.reason?.code);
    }
    expect(codes).toEqual(['CONFIG_REJECTED', 'CONFIG_REJECTED', 'PLUGIN_CONFIGURE_FAILED', 'PLUGIN_PHASE_TIMED_OUT']);
    expect(host.runtime.pluginConfig('a')).toEqual({ word: 'hi' });
    expect(host.status('a')).toMatchObject({ state: 'active', configSource: 'defaults' });
  });
});

describe('disable and enable', () => {
  it('take a plugin out of service and bring it back', async () => {
    await using host = await run();
    await host.runtime.load(answering('a', 'one'));
    expect(await host.runtime.disable('a')).toMatchObject({ outcome: 'unloaded', from: 1, to: undefined });
    expect(host.status('a').state).toBe('disabled');
    expect((await host.get('/a'))[0]).toBe(404);
    expect(await host.runtime.enable('a')).toMatchObject({ outcome: 'swapped', to: 2 });
    expect(await host.get('/a')).toEqual([200, 'one']);
    expect(host.transitions.map(({ to }) => to)).toEqual(['active', 'unloading', 'disabled', 'loading', 'active']);
  });

  it('let nothing else be done to a disabled plugin', async () => {
    await using host = await run();
    await host.runtime.load(answering('a', 'one'));
    await host.runtime.reload('a');
    await host.runtime.disable('a');
    const refused = { code: 'PLUGIN_DISABLED' };
    await expect(host.runtime.reload('a')).rejects.toMatchObject(refused);
    await expect(host.runtime.restart('a')).rejects.toMatchObject(refused);
    await expect(host.runtime.swap('a', answering('a', 'two'))).rejects.toMatchObject(refused);
    await expect(host.runtime.configure('a', {})).rejects.toMatchObject(refused);
    await expect(host.runtime.rollback('a')).rejects.toMatchObject(refused);
    expect(host.status('a')).toMatchObject({ state: 'disabled', generations: [] });
  });
});

describe('restart', () => {
  it('makes a new generation of what is loaded, also of a plugin that has failed', async () => {
    await using host = await run();
    let isBroken = true;
    const moody = inMemory('a', {
      start(ctx) {
        if (isBroken) throw new Error('not today');
        ctx.http.get('/a', () => new Response(String(ctx.generation)));
      },
    });
    await host.runtime.load(moody);
    isBroken = false;
    expect(await host.runtime.restart('a')).toMatchObject({ outcome: 'swapped', to: 2 });
    expect(await host.runtime.restart('a')).toMatchObject({ outcome: 'swapped', from: 2, to: 3 });
    expect(await host.get('/a')).toEqual([200, '3']);
  });
});

describe('rollback', () => {
  it('goes back one snapshot at a time, with the config of then, until there is none', async () => {
    await using host = await run();
    const version = (text: string) =>
      inMemory('a', { start: (ctx) => ctx.http.get('/a', () => Response.json([text, ctx.config])) });
    await host.runtime.load(version('one'), { config: { n: 1 } });
    await host.runtime.swap('a', version('two'), { config: { n: 2 } });
    await host.runtime.swap('a', version('three'));
    expect(host.status('a').snapshots.map(({ generation }) => generation)).toEqual([1, 2]);
    expect(await host.runtime.rollback('a')).toMatchObject({
      outcome: 'swapped',
      operation: 'rollback',
      from: 3,
      to: 4,
    });
    expect(await host.get('/a')).toEqual([200, '["two",{"n":2}]']);
    await host.runtime.rollback('a');
    expect(await host.get('/a')).toEqual([200, '["one",{"n":1}]']);
    await expect(host.runtime.rollback('a')).rejects.toMatchObject({ code: 'SNAPSHOT_MISSING' });
    expect(host.status('a').counts.rollbacks).toBe(2);
  });

  it('is one assignment while the generation before is still warm', async () => {
    await using host = await run({ limits: { probationMs: 60_000 } });
    await host.runtime.load(answering('a', 'one'));
    await host.runtime.swap('a', answering('a', 'two'));
    expect(host.status('a').generations.map(({ state }) => state)).toEqual(['standby', 'active']);
    const report = await host.runtime.rollback('a');
    expect(report).toMatchObject({ outcome: 'swapped', from: 2, to: 1 });
    expect(report.steps.map(({ name }) => name)).toEqual(['rollback']);
    expect(await host.get('/a')).toEqual([200, 'one']);
    expect(host.status('a').generations.map(({ number, state }) => [number, state])).toEqual([[1, 'active']]);
    await expect(host.runtime.rollback('a')).rejects.toMatchObject({ code: 'SNAPSHOT_MISSING' });
  });
});

describe('unload', () => {
  it('answers 503 while the last requests finish, then nothing, and forgets the plugin', async () => {
    await using host = await run();
    const { promise, resolve } = Promise.withResolvers<void>();
    await host.runtime.load(
      inMemory('a', {
        start(ctx) {
          ctx.http.get('/slow', async () => {
            await promise;
            return new Response('done');
          });
          ctx.http.get('/quick', () => new Response('quick'));
          ctx.methods.handle('ask', () => 'answer');
        },
      }),
    );
    const slow = host.get('/slow');
    const unloading = host.runtime.unload('a');
    await expect.poll(() => host.status('a').state).toBe('unloading');
    const answer = await host.runtime.fetch(new Request('http://host.test/quick'));
    expect([answer.status, answer.headers.get('retry-after'), await answer.text()]).toEqual([
      503,
      '1',
      'Service temporarily unavailable',
    ]);
    expect(() => host.runtime.invoke('a', 'ask')).toThrow(expect.objectContaining({ code: 'PLUGIN_UNAVAILABLE' }));
    resolve();
    expect(await slow).toEqual([200, 'done']);
    expect(await unloading).toMatchObject({ outcome: 'unloaded', from: 1, to: undefined, cancelled: 0 });
    expect((await host.get('/quick'))[0]).toBe(404);
    expect(() => host.status('a')).toThrow(expect.objectContaining({ code: 'PLUGIN_UNKNOWN' }));
  });
});

describe('plan', () => {
  it('says what would change and what would refuse it, and changes nothing', async () => {
    await using host = await run();
    await host.runtime.load(answering('base', 'base'));
    await host.runtime.load(answering('needs', 'needs', { dependencies: { base: '^1.0.0' } }));
    const unloading = await host.runtime.plan('unload', 'base');
    expect(unloading.steps.map(({ plugin }) => plugin)).toEqual(['needs', 'base']);
    expect(unloading.problems.map(({ code }) => code)).toEqual(['PLUGIN_HAS_DEPENDENTS']);
    expect((await host.runtime.plan('unload', 'base', { cascade: true })).problems).toEqual([]);
    const swapping = await host.runtime.plan('swap', 'base', { source: answering('base', 'x', { version: '2.0.0' }) });
    expect(swapping.problems.map(({ code }) => code)).toEqual(['DEPENDENTS_UNSATISFIED']);
    expect((await host.runtime.plan('reload', 'nobody')).problems.map(({ code }) => code)).toEqual(['PLUGIN_UNKNOWN']);
    expect((await host.runtime.plan('load', 'new', { source: answering('new', 'x') })).problems).toEqual([]);
    expect(host.runtime.status().plugins.map(({ name, state }) => [name, state])).toEqual([
      ['base', 'active'],
      ['needs', 'active'],
    ]);
  });
});

describe('a change that is given up', () => {
  it('is refused before it begins when its signal is aborted already', async () => {
    await using host = await run();
    await host.runtime.load(answering('a', 'one'));
    const signal = AbortSignal.abort(new Error('changed my mind'));
    await expect(host.runtime.reload('a', { signal })).rejects.toMatchObject({ code: 'OPERATION_ABORTED' });
  });

  it('ends the candidate and keeps the old generation when it is aborted on the way', async () => {
    await using host = await run();
    await host.runtime.load(answering('a', 'one'));
    const giveUp = new AbortController();
    const starting = inMemory('a', {
      start: () => {
        giveUp.abort(new Error('changed my mind'));
        return new Promise<void>(() => {});
      },
    });
    const report = await host.runtime.swap('a', starting, { signal: giveUp.signal });
    expect(report).toMatchObject({ outcome: 'kept', to: 1, reason: { code: 'OPERATION_ABORTED' } });
    expect(report.reason?.message).toContain('changed my mind');
    expect(await host.get('/a')).toEqual([200, 'one']);
    expect(host.status('a').generations).toHaveLength(1);
  });
});

it('asks nobody for more once it is closed, and starts once', async () => {
  const host = await run();
  await expect(host.runtime.start()).rejects.toMatchObject({ code: 'RUNTIME_STARTED_ALREADY' });
  await host.runtime.load(answering('a', 'one'));
  await host.runtime.close();
  await host.runtime.close();
  await expect(host.runtime.load(answering('b', 'x'))).rejects.toMatchObject({ code: 'RUNTIME_CLOSED' });
  expect(host.runtime.status().plugins).toEqual([]);
  expect(host.runtime.readiness()).toMatchObject({ ready: false });
});
