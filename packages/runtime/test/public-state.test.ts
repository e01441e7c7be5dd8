import { array, asyncProperty, assert, constantFrom } from 'fast-check';
import { expect, it } from 'vitest';
import { publicMoves } from '../src/plugin/public-state.ts';
import type { PublicState } from '../src/status.ts';
import { answering, inMemory, run } from './running-runtime.ts';

const broken = inMemory('a', {
  start() {
    throw new Error('no');
  },
});
const good = answering('a', 'good');
const operations = [
  'load',
  'load broken',
  'swap',
  'swap broken',
  'reload',
  'restart',
  'configure',
  'disable',
  'enable',
  'rollback',
  'unload',
] as const;

it('moves only as the table says, and is always what its generations make of it, whatever is done in whatever order', async () => {
  await assert(
    asyncProperty(array(constantFrom(...operations), { minLength: 1, maxLength: 14 }), async (asked) => {
      await using host = await run({ limits: { probationMs: asked.length % 2 === 0 ? 0 : 60_000 } });
      const { runtime } = host;
      const verbs = {
        load: () => runtime.load(good),
        'load broken': () => runtime.load(broken),
        swap: () => runtime.swap('a', good),
        'swap broken': () => runtime.swap('a', broken),
        reload: () => runtime.reload('a'),
        restart: () => runtime.restart('a'),
        configure: () => runtime.configure('a', {}),
        disable: () => runtime.disable('a'),
        enable: () => runtime.enable('a'),
        rollback: () => runtime.rollback('a'),
        unload: () => runtime.unload('a'),
      };
      for (const operation of asked) {
        const begun = host.transitions.length;
        await verbs[operation]().catch(() => {});
        const moves = host.transitions.slice(begun);
        for (const [index, { from, to }] of moves.entries()) {
          expect(publicMoves[from as PublicState]).toContain(to);
          if (index > 0) expect(from).toBe(moves[index - 1]?.to);
        }
        const [status] = runtime.status().plugins;
        const [answer] = await host.get('/a');
        expect(answer).toBe(status?.state === 'active' ? 200 : 404);
        expect(['active', 'failed', 'disabled', undefined]).toContain(status?.state);
        const serving = status?.generations.filter(({ state }) => state === 'active') ?? [];
        expect(serving).toHaveLength(status?.state === 'active' ? 1 : 0);
      }
    }),
    { numRuns: 40 },
  );
});

it('tells every transition once, with what it came from and why', async () => {
  await using host = await run();
  const heard: unknown[] = [];
  const stop = host.runtime.on('transition', (transition) => void heard.push(transition));
  await host.runtime.load(good);
  await host.runtime.swap('a', broken, { reason: 'try it' });
  stop();
  await host.runtime.unload('a');
  expect(heard).toEqual([
    { plugin: 'a', from: 'loading', to: 'active', reason: 'load', at: expect.any(Number) },
    { plugin: 'a', from: 'active', to: 'reloading', reason: expect.any(String), at: expect.any(Number) },
    { plugin: 'a', from: 'reloading', to: 'active', reason: expect.stringContaining('no'), at: expect.any(Number) },
  ]);
});

it('reports every finished change, the refused ones too', async () => {
  await using host = await run();
  const outcomes: string[] = [];
  host.runtime.on('report', ({ operation, outcome }) => void outcomes.push(`${operation} ${outcome}`));
  await host.runtime.load(good);
  await host.runtime.swap('a', broken);
  await host.runtime.disable('a');
  expect(outcomes).toEqual(['load swapped', 'swap kept', 'disable unloaded']);
});
