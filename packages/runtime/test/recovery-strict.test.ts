import { join } from 'node:path';
import { createFakeClock } from '@hotswap/test-kit';
import { expect, it } from 'vitest';
import type { RuntimeOptions } from '../src/runtime-options.ts';
import { answering, pluginFiles, run, temporaryFolder, until, write } from './running-runtime.ts';

/** How code that an author wrote ends its thread. */
const endings = {
  'a loop that never ends': 'for (;;);',
  'memory without end':
    'const kept = []; for (;;) { kept.push(new Array(50_000).fill(0.5)); await new Promise((go) => setTimeout(go, 1)); }',
};

/** What else the author wrote. */
interface Written {
  readonly recovery?: object;
  /** What its start does first. */
  readonly start?: string;
  /** What its start does last. */
  readonly last?: string;
}

async function host(folder: string, code: string, options: RuntimeOptions & Written = {}) {
  const { recovery = {}, start: first = '', last = '', limits, ...others } = options;
  const start = `${first} ctx.http.get('/a', () => new Response('good')); ctx.http.get('/end', async () => { ${code} }); ${last}`;
  const manifest = { isolation: 'strict', limits: { callTimeout: '150ms', maxMemoryMB: 48 }, recovery };
  await write(folder, pluginFiles('a', start, manifest));
  const clock = createFakeClock();
  const running = await run({ clock, ...others, limits: { spares: 0, ...limits } });
  expect((await running.runtime.load(join(folder, 'a'))).outcome).toBe('swapped');
  return Object.assign(running, { clock });
}

it.each(Object.entries(endings))(
  'is down at once when its thread ends, and serves again by itself: %s',
  async (_, code) => {
    await using folder = await temporaryFolder();
    await using running = await host(folder.path, code);
    await running.runtime.load(answering('b', 'healthy'));
    const [status] = await running.get('/end');
    expect([502, 503, 504]).toContain(status);
    await until(() => running.status('a').state === 'failed', 'the crash was noticed');
    expect(running.status('a')).toMatchObject({ reason: { code: 'ISOLATE_EXITED' }, generations: expect.anything() });
    const refused = await running.runtime.fetch(new Request('http://host.test/a'));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await running.get('/b')).toEqual([200, 'healthy']);
    await running.clock.advance(1_000);
    await until(() => running.status('a').state === 'active', 'the plugin serves again');
    expect(await running.get('/a')).toEqual([200, 'good']);
    const told = running.lines.filter(({ fields }) => String(fields['operation_id']).startsWith('recovery-'));
    expect(new Set(told.map(({ fields }) => fields['operation_id'])).size).toBe(1);
    expect(told.map(({ message }) => message)).toContain('plugin change was made');
    expect(running.transitions.filter(({ plugin }) => plugin === 'a').map(({ to }) => to)).toEqual([
      'active',
      'failed',
      'loading',
      'active',
    ]);
    expect(running.status('a').generations).toHaveLength(1);
  },
);

it('is given up when it crashes at every start, and comes back when an operator has repaired it', async () => {
  await using folder = await temporaryFolder();
  const heard: unknown[] = [];
  await using running = await host(folder.path, 'for (;;);', {
    start: 'if (ctx.generation > 1) for (;;);',
    recovery: { maxAttempts: 2, backoff: { strategy: 'fixed', from: '1s' } },
    onEscalation: (escalation) => void heard.push(escalation),
  });
  await running.get('/end');
  await until(() => running.status('a').state === 'failed', 'the crash was noticed');
  for (const attempt of [1, 2]) {
    await running.clock.advance(1_000);
    await until(() => running.status('a').recovery?.attempts === attempt, 'an attempt has begun');
    await until(() => running.status('a').state === 'failed', 'the attempt has failed');
  }
  await until(() => running.status('a').recovery?.quarantined === true, 'the plugin is given up');
  expect(running.status('a')).toMatchObject({ state: 'failed', reason: { code: 'QUARANTINED' }, generations: [] });
  expect(heard).toMatchObject([{ plugin: 'a', symptom: 'crash', attempts: 2, outcome: 'quarantined' }]);
  await running.clock.advance(3_600_000);
  expect(running.status('a').state).toBe('failed');
  await write(folder.path, pluginFiles('a', "ctx.http.get('/a', () => new Response('repaired'));"));
  expect((await running.runtime.restart('a')).outcome).toBe('swapped');
  expect(await running.get('/a')).toEqual([200, 'repaired']);
  expect(running.status('a').recovery).toMatchObject({ quarantined: false, attempts: 0 });
});

it('answers what its policy says while it is down, and goes back to the version before where that is next', async () => {
  await using folder = await temporaryFolder();
  await using running = await host(folder.path, endings['a loop that never ends'], {
    recovery: { fallback: ['reload-previous'] },
  });
  await write(
    folder.path,
    pluginFiles('a', `ctx.http.get('/a', () => new Response('newer')); ctx.http.get('/end', () => { for (;;); });`, {
      version: '2.0.0',
      isolation: 'strict',
      limits: { callTimeout: '150ms' },
      recovery: { fallback: ['reload-previous'] },
    }),
  );
  await running.runtime.reload('a');
  expect(await running.get('/a')).toEqual([200, 'newer']);
  await running.get('/end');
  await until(() => running.status('a').state === 'failed', 'the crash was noticed');
  await running.clock.advance(10);
  await until(() => running.status('a').version === '1.0.0', 'the version before serves');
  expect(await running.get('/a')).toEqual([200, 'good']);
});

it('is returned to the generation before by its watch alone while it is on probation', async () => {
  await using folder = await temporaryFolder();
  await using running = await host(folder.path, endings['a loop that never ends'], { limits: { probationMs: 60_000 } });
  await running.runtime.reload('a');
  expect(running.status('a').generation).toBe(2);
  await running.get('/end');
  await until(() => running.status('a').generation === 1, 'the generation before serves');
  await running.clock.advance(120_000);
  expect(running.status('a')).toMatchObject({ state: 'active', generation: 1, recovery: { attempts: 0 } });
  expect(await running.get('/a')).toEqual([200, 'good']);
  const steps = running.lines.filter(({ message }) => message === 'recovery step');
  expect(steps.map(({ fields }) => fields['decision'])).toEqual(['return to the generation before']);
});

it('is swapped back by its watch, with its state, where the generation before has let go', async () => {
  await using folder = await temporaryFolder();
  await using running = await run({ clock: createFakeClock(), limits: { spares: 0, probationMs: 60_000 } });
  const text = `let total;
    export default {
      swap: 'exclusive',
      state: { version: 1 },
      start(ctx, state) {
        total = state?.total ?? 0;
        ctx.http.post('/a', () => new Response(String(++total)));
        ctx.http.get('/end', () => { for (;;); });
        return { exportState: () => ({ total }) };
      },
    };`;
  const files = pluginFiles('a', '', { isolation: 'strict', limits: { callTimeout: '150ms' } });
  await write(folder.path, { ...files, 'a/index.js': text });
  expect(await running.runtime.load(join(folder.path, 'a'))).toMatchObject({ outcome: 'swapped' });
  await running.get('/a', { method: 'POST' });
  expect(await running.runtime.reload('a')).toMatchObject({ outcome: 'swapped', to: 2 });
  await running.get('/end');
  await until(() => running.status('a').generation === 3, 'the version before is back');
  expect(await running.get('/a', { method: 'POST' })).toEqual([200, '2']);
  const told = running.lines.filter(({ message }) => message.startsWith('recovery '));
  expect(told.map(({ fields }) => fields['decision'] ?? fields['outcome'] ?? fields['symptom'])).toEqual([
    'crash',
    'swap back to the version before',
    'rolled-back',
  ]);
  expect(running.status('a').recovery).toMatchObject({ attempts: 0, quarantined: false });
});

it('has failed first when it crashes while its next generation starts, and is served by that one', async () => {
  await using folder = await temporaryFolder();
  await using running = await host(folder.path, 'for (;;);', {
    last: 'if (ctx.generation > 1) return new Promise((go) => setTimeout(go, 1_000));',
  });
  const reloading = running.runtime.reload('a');
  await running.get('/end');
  await until(() => running.status('a').state === 'loading', 'the crash was noticed');
  const waiting = running.get('/a');
  expect(await reloading).toMatchObject({ outcome: 'swapped', to: 2 });
  expect(await waiting).toEqual([200, 'good']);
  const moves = ['active', 'reloading', 'failed', 'loading', 'active'];
  expect(running.transitions.map(({ to }) => to)).toEqual(moves);
  await running.clock.advance(120_000);
  expect(running.status('a')).toMatchObject({ generation: 2, generations: [{ state: 'active' }] });
});

it('leaves its successor alone when it crashes after it has given way', async () => {
  await using folder = await temporaryFolder();
  const code = 'setTimeout(() => { for (;;); }, 300); return new Response("soon");';
  await using running = await host(folder.path, code, { limits: { probationMs: 60_000 } });
  expect(await running.get('/end')).toEqual([200, 'soon']);
  await running.runtime.reload('a');
  expect(running.status('a').generations.map(({ state }) => state)).toEqual(['standby', 'active']);
  await until(() => running.status('a').generations.length === 1, 'the one before is gone');
  expect(running.status('a')).toMatchObject({ state: 'active', generation: 2, recovery: { attempts: 0 } });
  expect(await running.get('/a')).toEqual([200, 'good']);
});
