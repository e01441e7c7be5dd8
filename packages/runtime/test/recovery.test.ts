import { join } from 'node:path';
import { parseRuntimeConfig } from '@hotswap/runtime';
import { createFakeClock } from '@hotswap/test-kit';
import { describe, expect, it } from 'vitest';
import type { RuntimeOptions } from '../src/runtime-options.ts';
import {
  answering,
  inMemory,
  run,
  type RunningRuntime,
  pluginFiles,
  temporaryFolder,
  until,
  write,
} from './running-runtime.ts';

/** A runtime whose time is moved by hand. */
async function runByHand(options: RuntimeOptions = {}) {
  const clock = createFakeClock();
  return Object.assign(await run({ clock, ...options }), { clock });
}

/** A plugin that answers `/a` as it is told to, and counts how often it was started. */
function obedient(recovery: Readonly<Record<string, unknown>> = {}, name = 'a') {
  const orders = { fails: false, health: 'healthy' as 'healthy' | 'unhealthy', startsBadly: false, starts: 0 };
  const plugin = inMemory(
    name,
    {
      start(ctx) {
        orders.starts++;
        if (orders.startsBadly) throw new Error('cannot start');
        ctx.http.get(`/${name}`, () => {
          if (orders.fails) throw new Error('as told');
          return new Response('good');
        });
        return { health: () => orders.health };
      },
    },
    { recovery },
  );
  return { plugin, orders };
}

async function ask(host: RunningRuntime, times: number, path = '/a'): Promise<readonly number[]> {
  const answers: number[] = [];
  for (let n = 0; n < times; n++) answers.push((await host.get(path))[0]);
  return answers;
}

/** What the log tells of recovery: each story by its operation id. */
function stories(host: RunningRuntime): readonly (readonly string[])[] {
  const told = host.lines.filter(({ message }) => message.startsWith('recovery '));
  const byId = Map.groupBy(told, ({ fields }) => fields['operation_id']);
  return [...byId.values()].map((lines) =>
    lines.map(
      ({ message, fields }) => `${message} ${String(fields['decision'] ?? fields['outcome'] ?? fields['symptom'])}`,
    ),
  );
}

describe('the breaker of a plugin', () => {
  it('opens after ten of twenty calls failed, lets one at a time through after ten seconds, and closes after three good ones', async () => {
    await using host = await runByHand();
    const { plugin, orders } = obedient();
    await host.runtime.load(plugin);
    await host.runtime.load(answering('b', 'healthy'));
    await ask(host, 10);
    orders.fails = true;
    expect(await ask(host, 10)).toEqual(Array(10).fill(502));
    expect(host.status('a')).toMatchObject({ state: 'active', breaker: 'open' });
    const refused = await host.runtime.fetch(new Request('http://host.test/a'));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '10']);
    expect(await refused.json()).toMatchObject({ error: { code: 'PLUGIN_DOWN' } });
    expect(await host.get('/b')).toEqual([200, 'healthy']);
    orders.fails = false;
    await host.clock.advance(9_000);
    expect(await ask(host, 2)).toEqual([503, 503]);
    await host.clock.advance(1_000);
    expect(host.status('a').breaker).toBe('half-open');
    expect(await ask(host, 4)).toEqual([200, 200, 200, 200]);
    expect(host.status('a')).toMatchObject({ breaker: 'closed', state: 'active', generation: 1 });
    expect(stories(host)).toEqual([
      ['recovery began breaker', 'recovery step let the breaker probe', 'recovery ended recovered'],
    ]);
  });

  it('lets nobody else in while the one call that was let through has not ended', async () => {
    await using host = await runByHand();
    let release = (): void => {};
    let mode: 'fails' | 'waits' = 'fails';
    const start = (ctx: { http: { get(path: string, handler: () => unknown): void } }) =>
      ctx.http.get('/a', () => {
        if (mode === 'fails') throw new Error('no');
        return new Promise<Response>((resolve) => (release = () => resolve(new Response('late'))));
      });
    await host.runtime.load(inMemory('a', { start: start as never }));
    await ask(host, 20);
    mode = 'waits';
    await host.clock.advance(10_000);
    const probe = host.get('/a');
    expect(await ask(host, 3)).toEqual([503, 503, 503]);
    release();
    expect(await probe).toEqual([200, 'late']);
    expect(host.status('a').breaker).toBe('half-open');
  });

  it('refuses methods and services as well', async () => {
    await using host = await runByHand();
    const start = (ctx: { methods: { handle(name: string, handler: () => unknown): void } }) =>
      ctx.methods.handle('m', () => {
        throw new Error('no');
      });
    await host.runtime.load(inMemory('a', { start: start as never }));
    const invoke = async () => host.runtime.invoke('a', 'm');
    for (let n = 0; n < 20; n++) await invoke().catch(() => {});
    await expect(invoke()).rejects.toMatchObject({ code: 'PLUGIN_DOWN', kind: 'unavailable' });
  });

  it('has a new generation begun at once under the policy reload', async () => {
    await using host = await runByHand();
    const { plugin, orders } = obedient({ failurePolicy: 'reload' });
    await host.runtime.load(plugin);
    orders.fails = true;
    await ask(host, 20);
    orders.fails = false;
    await host.clock.advance(0);
    await until(() => host.status('a').generation === 2, 'the plugin has a new generation');
    expect(host.status('a')).toMatchObject({ breaker: 'closed', recovery: { policy: 'reload', attempts: 1 } });
    expect(await ask(host, 2)).toEqual([200, 200]);
  });

  it('restarts a plugin whose breaker opens again, and never takes it out of service for that alone', async () => {
    const escalations: unknown[] = [];
    await using host = await runByHand({ onEscalation: (escalation) => void escalations.push(escalation) });
    const { plugin, orders } = obedient({ maxAttempts: 2, backoff: { strategy: 'fixed', from: '1s' } });
    await host.runtime.load(plugin);
    orders.fails = true;
    for (let turn = 0; turn < 12; turn++) {
      await ask(host, 20);
      await host.clock.advance(10_000);
    }
    expect(orders.starts).toBe(3);
    expect(host.status('a').state).toBe('active');
    expect(escalations).toMatchObject([{ plugin: 'a', symptom: 'breaker', outcome: 'left-to-breaker', attempts: 2 }]);
    orders.fails = false;
    await host.clock.advance(10_000);
    await ask(host, 4);
    expect(host.status('a').breaker).toBe('closed');
  });
});

describe('what a request meets', () => {
  const guard = (recovery: Readonly<Record<string, unknown>>) => {
    const orders = { fails: false };
    const start = (ctx: {
      http: { use(options: object, handler: unknown): void; get(p: string, h: unknown): void };
    }) => {
      ctx.http.get('/own', () => new Response('own'));
      ctx.http.use({ paths: ['/*'] }, (request: unknown, next: (request: unknown) => unknown) => {
        if (orders.fails) throw new Error('as told');
        return next(request);
      });
    };
    return { orders, plugin: inMemory('guard', { start: start as never }, { recovery }) };
  };

  it.each([
    ['closed', 503, 503],
    ['open', 200, 503],
  ])('where a middleware is down: %s', async (failurePolicy, throughIt, ownRoute) => {
    await using host = await runByHand();
    const { plugin, orders } = guard({ failurePolicy });
    await host.runtime.load(plugin);
    await host.runtime.load(answering('b', 'behind'));
    orders.fails = true;
    await ask(host, 20, '/b');
    expect(host.status('guard').breaker).toBe('open');
    expect((await ask(host, 1, '/b'))[0]).toBe(throughIt);
    expect((await ask(host, 1, '/own'))[0]).toBe(ownRoute);
  });

  it('while a plugin that was there before starts again: it waits, and is served', async () => {
    await using host = await runByHand({ limits: { maxParked: 2 } });
    let go = (): void => {};
    let isSlow = false;
    const plugin = inMemory('a', {
      async start(ctx) {
        if (isSlow) await new Promise<void>((resolve) => (go = resolve));
        ctx.http.get('/a', () => new Response('here'));
      },
    });
    await host.runtime.load(plugin);
    await host.runtime.disable('a');
    expect(await host.get('/a')).toMatchObject([404, expect.anything()]);
    isSlow = true;
    const enabling = host.runtime.enable('a');
    await until(() => host.status('a').state === 'loading', 'the plugin is loading');
    const waiting = [host.get('/a'), host.get('/a')];
    const full = await host.runtime.fetch(new Request('http://host.test/a'));
    expect([full.status, full.headers.get('retry-after')]).toEqual([503, '1']);
    await until(() => go.length === 1 || String(go) !== '() => { }', 'the start waits');
    go();
    await enabling;
    expect(await Promise.all(waiting)).toEqual([
      [200, 'here'],
      [200, 'here'],
    ]);
  });

  it('while a plugin starts for longer than parkTimeout: 503', async () => {
    await using host = await runByHand();
    let isSlow = false;
    let go = (): void => {};
    const plugin = inMemory('a', {
      async start(ctx) {
        if (isSlow) await new Promise<void>((resolve) => (go = resolve));
        ctx.http.get('/a', () => new Response('here'));
      },
    });
    await host.runtime.load(plugin);
    await host.runtime.disable('a');
    isSlow = true;
    const enabling = host.runtime.enable('a');
    await until(() => host.status('a').state === 'loading', 'the plugin is loading');
    const waiting = host.runtime.fetch(new Request('http://host.test/a'));
    await host.clock.advance(5_000);
    const answer = await waiting;
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await answer.json()).toMatchObject({ error: { code: 'PLUGIN_NOT_READY' } });
    go();
    await enabling;
    expect(await host.get('/a')).toEqual([200, 'here']);
  });

  it('of a plugin that is disabled or never started: 404', async () => {
    await using host = await runByHand();
    const { plugin, orders } = obedient();
    orders.startsBadly = true;
    await host.runtime.load(plugin);
    expect(await ask(host, 1)).toEqual([404]);
    orders.startsBadly = false;
    await host.runtime.restart('a');
    expect(await ask(host, 1)).toEqual([200]);
    await host.runtime.disable('a');
    expect(await ask(host, 1)).toEqual([404]);
  });
});

describe('a plugin whose health fails', () => {
  const strikes = { health: { interval: '10s', strikes: 3 } };
  const sick = (recovery: Readonly<Record<string, unknown>>) => {
    const { plugin, orders } = obedient(recovery);
    return { orders, plugin: { ...plugin, manifest: { ...plugin.manifest, ...strikes } } };
  };

  it('is restarted after three strikes, and has recovered when it has served for a minute', async () => {
    await using host = await runByHand();
    const { plugin, orders } = sick({});
    await host.runtime.load(plugin);
    orders.health = 'unhealthy';
    await host.clock.advance(31_000);
    expect(host.status('a')).toMatchObject({ state: 'active', health: { status: 'unhealthy' } });
    const { recovery } = host.status('a');
    expect(recovery).toMatchObject({
      attempts: 0,
      quarantined: false,
      operationId: expect.stringMatching(/^recovery-/),
    });
    expect(recovery?.nextAttemptAt).toBeGreaterThanOrEqual(host.clock.now() - 1_000);
    orders.health = 'healthy';
    await host.clock.advance(1_000);
    await until(() => host.status('a').generation === 2, 'the plugin was restarted');
    expect(host.status('a').recovery).toMatchObject({ attempts: 1 });
    await host.clock.advance(60_000);
    expect(stories(host)).toEqual([
      [
        'recovery began health',
        'recovery step restart',
        'recovery step see whether it lasts',
        'recovery ended recovered',
      ],
    ]);
    const [began] = host.lines.filter(({ message }) => message === 'recovery began');
    const restarts = host.lines.filter(({ fields }) => fields['operation'] === 'restart');
    expect(restarts.map(({ fields }) => fields['operation_id'])).toEqual([began?.fields['operation_id']]);
  });

  it('is left alone when it says that it is well before its restart is due', async () => {
    await using host = await runByHand();
    const { plugin, orders } = sick({ backoff: { strategy: 'fixed', from: '25s' } });
    await host.runtime.load(plugin);
    orders.health = 'unhealthy';
    await host.clock.advance(31_000);
    orders.health = 'healthy';
    await host.clock.advance(60_000);
    expect(orders.starts).toBe(1);
    expect(stories(host)[0]).toContain('recovery ended recovered');
  });

  it('serves on until its restarts are used up; then it is quarantined, and operators are told', async () => {
    const heard: unknown[] = [];
    await using host = await runByHand({ onEscalation: (escalation) => void heard.push(escalation) });
    const events: unknown[] = [];
    host.runtime.on('escalation', (escalation) => void events.push(escalation));
    const { plugin, orders } = sick({ maxAttempts: 2 });
    await host.runtime.load(plugin);
    orders.health = 'unhealthy';
    await host.clock.advance(30_500);
    expect(await ask(host, 1)).toEqual([200]);
    for (let n = 0; n < 5; n++) await host.clock.advance(2_000);
    await until(() => host.status('a').state === 'failed', 'the plugin is quarantined');
    expect(host.status('a')).toMatchObject({ reason: { code: 'QUARANTINED' }, recovery: { quarantined: true } });
    expect(orders.starts).toBe(3);
    const refused = await host.runtime.fetch(new Request('http://host.test/a'));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '60']);
    expect(events).toMatchObject([{ plugin: 'a', symptom: 'health', attempts: 2, outcome: 'quarantined' }]);
    expect(heard).toEqual(events);
    await host.clock.advance(3_600_000);
    expect(orders.starts).toBe(3);
    orders.health = 'healthy';
    expect((await host.runtime.restart('a')).outcome).toBe('swapped');
    expect(host.status('a')).toMatchObject({ state: 'active', recovery: { quarantined: false, attempts: 0 } });
    expect(await ask(host, 1)).toEqual([200]);
  });

  it('goes back to the version before when restarts do not help and its policy says so', async () => {
    await using host = await runByHand();
    await host.runtime.load(answering('a', 'old'));
    const { plugin, orders } = sick({ maxAttempts: 1, fallback: ['restart', 'reload-previous'] });
    await host.runtime.swap('a', plugin);
    orders.health = 'unhealthy';
    for (let n = 0; n < 40; n++) await host.clock.advance(1_000);
    await until(async () => (await host.get('/a'))[1] === 'old', 'the version before serves');
    expect(stories(host)[0]).toContain('recovery step reload-previous');
    expect(host.status('a')).toMatchObject({ state: 'active', recovery: { attempts: 0 } });
  });

  it.each([
    ['static-response', [200, 'later'], 'failed'],
    ['pass-through', [503, expect.stringContaining('PLUGIN_DOWN')], 'failed'],
    ['disable', [404, expect.anything()], 'disabled'],
  ])('ends as its policy says: %s', async (action, answer, state) => {
    const heard: { readonly outcome: string }[] = [];
    await using host = await runByHand({ onEscalation: (escalation) => void heard.push(escalation) });
    const { plugin, orders } = sick({ fallback: [action], response: { status: 200, body: 'later' } });
    await host.runtime.load(plugin);
    orders.health = 'unhealthy';
    await host.clock.advance(31_000);
    await until(() => host.status('a').state === state, `the plugin is ${state}`);
    expect(await host.get('/a')).toEqual(answer);
    expect(heard.map(({ outcome }) => outcome)).toEqual([action === 'disable' ? 'disabled' : 'quarantined']);
    expect(orders.starts).toBe(1);
  });
});

describe('a plugin at basic', () => {
  it('that leaves three calls in a row unanswered has failed, and is restarted', async () => {
    await using host = await runByHand({ limits: { callTimeoutMs: 30, drainTimeoutMs: 50 } });
    let hangs = true;
    const start = (ctx: { http: { get(path: string, handler: () => unknown): void } }) =>
      ctx.http.get('/a', () => (hangs ? new Promise(() => {}) : new Response('good')));
    await host.runtime.load(inMemory('a', { start: start as never }));
    expect(await ask(host, 3)).toEqual([504, 504, 504]);
    expect(host.status('a')).toMatchObject({ state: 'failed', reason: { code: 'PLUGIN_UNRESPONSIVE' } });
    expect(await ask(host, 1)).toEqual([503]);
    hangs = false;
    await host.clock.advance(1_000);
    await until(() => host.status('a').state === 'active', 'the plugin serves again');
    expect(await ask(host, 1)).toEqual([200]);
  });

  it('that fails ten times outside any call is restarted', async () => {
    await using folder = await temporaryFolder();
    const failing = "for (let n = 0; n < 10; n++) setTimeout(() => { throw new Error('no'); }, 1);";
    await write(folder.path, pluginFiles('a', `ctx.http.get('/a', () => new Response('good')); ${failing}`));
    await using host = await runByHand();
    await host.runtime.load(join(folder.path, 'a'));
    await until(() => host.status('a').recovery?.nextAttemptAt !== undefined, 'a restart is due');
    expect(stories(host)[0]).toEqual(['recovery began faults', 'recovery step restart']);
    expect(await ask(host, 1)).toEqual([200]);
    await host.clock.advance(1_000);
    await until(() => (host.status('a').generation ?? 0) >= 2, 'the plugin was restarted');
  });
});

describe('operators', () => {
  it('outrank recovery: what it was about to do is called off, and nobody restarts what they disabled', async () => {
    await using host = await runByHand();
    const { plugin, orders } = obedient({ failurePolicy: 'reload', backoff: { strategy: 'fixed', from: '20s' } });
    await host.runtime.load(plugin);
    orders.fails = true;
    orders.startsBadly = true;
    await ask(host, 20);
    await host.clock.advance(0);
    await until(() => host.status('a').recovery?.nextAttemptAt !== undefined, 'the second attempt is due');
    expect(host.status('a').recovery).toMatchObject({ attempts: 1 });
    await host.runtime.disable('a');
    await host.clock.advance(600_000);
    expect(orders.starts).toBe(2);
    expect(host.status('a')).toMatchObject({ state: 'disabled', recovery: { attempts: 0, nextAttemptAt: undefined } });
    expect(stories(host)[0]?.at(-1)).toBe('recovery ended superseded');
  });

  it('say in the config what the plugin itself says otherwise', async () => {
    await using data = await temporaryFolder();
    const text = `[plugins]\nautoLoad = false\nsecurity.allowUnsigned = true\n[plugins.a.recovery]\nbreaker = { minimumCalls = 5 }`;
    const { config } = parseRuntimeConfig(text, { format: 'toml', file: 'hotswap.toml', cwd: data.path });
    await using host = await runByHand({ config, data: data.path });
    const { plugin, orders } = obedient({ breaker: { minimumCalls: 50 } });
    await host.runtime.load(plugin);
    orders.fails = true;
    await ask(host, 5);
    expect(host.status('a').breaker).toBe('open');
  });

  it('who close the runtime end every attempt that was due', async () => {
    const host = await runByHand();
    const { plugin, orders } = obedient({ failurePolicy: 'reload', backoff: { strategy: 'fixed', from: '20s' } });
    await host.runtime.load(plugin);
    orders.fails = true;
    orders.startsBadly = true;
    await ask(host, 20);
    await host.clock.advance(0);
    await host.runtime.close();
    await host.clock.advance(600_000);
    expect(orders.starts).toBe(2);
    expect(host.clock.pending).toBe(0);
    expect(stories(host)[0]?.at(-1)).toBe('recovery ended closed');
  });
});
