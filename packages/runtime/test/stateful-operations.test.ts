import { assert, asyncProperty, array, constantFrom, oneof, record } from 'fast-check';
import { definePlugin, defineService, method, type PluginDefinition } from '@hotswap/sdk';
import { expect, it } from 'vitest';
import { run, type RunningRuntime } from './running-runtime.ts';

const faults = [
  'none',
  'none',
  'start throws',
  'start hangs',
  'unhealthy',
  'export throws',
  'export hangs',
  'up throws',
  'down lies',
  'stop throws',
] as const;
type Fault = (typeof faults)[number];

/** A counter of version 1 or 2 with one fault in it. Version 2 counts in an object, and knows the way back. */
function counter(version: 1 | 2, fault: Fault): PluginDefinition {
  const failing = (): never => {
    throw new Error(fault);
  };
  const never = (): Promise<never> => new Promise(() => {});
  return definePlugin({
    swap: 'exclusive',
    state: {
      version,
      migrations: {
        2: {
          up: (count: number) => (fault === 'up throws' ? failing() : { count }),
          down: ({ count }: { count: number }) => (fault === 'down lies' ? count + 1 : count),
        },
      },
    },
    start(ctx, state?: number | { count: number }) {
      if (fault === 'start throws') failing();
      if (fault === 'start hangs') return never();
      let count = typeof state === 'object' ? state.count : (state ?? 0);
      ctx.http.post('/count', async () => {
        count++;
        await new Promise(setImmediate);
        return new Response(String(count));
      });
      ctx.http.get('/count', () => new Response(String(count)));
      ctx.provide(counting, { add: async () => (await new Promise(setImmediate), ++count) });
      // Calls that come back to where they began: by itself, and through another plugin.
      ctx.http.post('/self', async () => new Response(String(await ctx.use(counting).add(null))));
      ctx.http.post('/around', async () => new Response(String(await ctx.use(passing).through(null))));
      const exported = (): unknown => (version === 1 ? count : { count });
      return {
        health: () => (fault === 'unhealthy' ? 'unhealthy' : 'healthy'),
        exportState: fault === 'export throws' ? failing : fault === 'export hangs' ? never : exported,
        ...(fault === 'stop throws' ? { stop: failing } : {}),
      };
    },
  }) as never;
}

const counting = defineService('counting', { add: method<null, number>() });
const passing = defineService('passing', { through: method<null, number>() });

/** Stands between the counter and itself. */
const passer: PluginDefinition = definePlugin({
  start(ctx) {
    ctx.provide(passing, { through: () => ctx.use(counting).add(null) });
  },
});

type Step =
  | { readonly verb: 'swap'; readonly version: 1 | 2; readonly fault: Fault }
  | { readonly verb: 'rollback' | 'reload' | 'restart' | 'count' | 'swap the passer' };

const steps = array(
  oneof(
    {
      weight: 4,
      arbitrary: record({
        verb: constantFrom('swap' as const),
        version: constantFrom(1, 2),
        fault: constantFrom(...faults),
      }),
    },
    {
      weight: 3,
      arbitrary: record({
        verb: constantFrom(
          'rollback' as const,
          'reload' as const,
          'restart' as const,
          'count' as const,
          'swap the passer' as const,
        ),
      }),
    },
  ),
  { minLength: 3, maxLength: 10 },
);

async function carryOut(host: RunningRuntime, step: Step): Promise<unknown> {
  switch (step.verb) {
    case 'swap':
      return host.runtime.swap('counter', { name: 'counter', definition: counter(step.version, step.fault) });
    case 'rollback':
      return host.runtime.rollback('counter').catch((error: { code?: string }) => {
        expect(error.code).toBe('SNAPSHOT_MISSING');
      });
    case 'reload':
    case 'restart':
      return host.runtime[step.verb]('counter');
    case 'swap the passer':
      return host.runtime.swap('passer', { name: 'passer', definition: passer });
    case 'count':
      return host.get('/count', { method: 'POST' });
  }
}

it('whatever is done to it: one healthy generation serves, no acknowledged write is lost, nobody waits for ever', async () => {
  await assert(
    asyncProperty(steps, async (sequence) => {
      await using host = await run({
        limits: { loadTimeoutMs: 40, parkTimeoutMs: 40, shutdownTimeoutMs: 40, drainTimeoutMs: 40 },
      });
      await host.runtime.load({ name: 'passer', definition: passer });
      await host.runtime.load({ name: 'counter', definition: counter(1, 'none') });
      let acknowledged = 0;
      const over = new AbortController();
      const client = async (path: string): Promise<void> => {
        while (!over.signal.aborted) {
          const [status] = await host.get(path, { method: 'POST' });
          expect([path, status]).toEqual([path, 200]);
          acknowledged++;
        }
      };
      const clients = Promise.all(['/count', '/count', '/self', '/around'].map(client));
      for (const step of sequence) {
        const before = acknowledged;
        if (step.verb === 'count') acknowledged++;
        await carryOut(host, step);
        expect(host.status('counter')).toMatchObject({ state: 'active', gate: undefined });
        expect(acknowledged).toBeGreaterThanOrEqual(before);
      }
      over.abort();
      await clients;
      expect(await host.get('/count')).toEqual([200, String(acknowledged)]);
    }),
    { numRuns: 40 },
  );
}, 60_000);
