import { expect, it } from 'vitest';
import { inMemory, run, until } from './running-runtime.ts';

/** A plugin whose task writes down which generation ran. */
function ticking(runs: number[], name = 'a') {
  return inMemory(name, { start: (ctx) => ctx.tasks.every(5, 'tick', () => void runs.push(ctx.generation)) });
}

const next = async (runs: readonly number[]): Promise<number | undefined> => {
  const before = runs.length;
  await until(() => runs.length > before + 1, 'the task ran again');
  return runs.at(-1);
};

it('a task runs in the generation that serves, and never in one that stands by', async () => {
  await using host = await run({ limits: { probationMs: 60_000 } });
  const runs: number[] = [];
  await host.runtime.load(ticking(runs));
  expect(await next(runs)).toBe(1);
  await host.runtime.swap('a', ticking(runs));
  const swappedAt = runs.length;
  expect(await next(runs)).toBe(2);
  expect(runs.slice(swappedAt)).not.toContain(1);
  expect(host.status('a').generations.map(({ state }) => state)).toEqual(['standby', 'active']);
});

it('goes on in the old generation after a rollback', async () => {
  await using host = await run({ limits: { probationMs: 60_000 } });
  const runs: number[] = [];
  await host.runtime.load(ticking(runs));
  await host.runtime.swap('a', ticking(runs));
  expect(await next(runs)).toBe(2);
  await host.runtime.rollback('a');
  const rolledBackAt = runs.length;
  expect(await next(runs)).toBe(1);
  expect(runs.slice(rolledBackAt)).not.toContain(2);
});

it('does not run while its plugin starts, nor after it was unloaded', async () => {
  await using host = await run();
  const runs: number[] = [];
  await host.runtime.load(ticking(runs));
  await next(runs);
  await host.runtime.unload('a');
  const ended = runs.length;
  const other: number[] = [];
  await host.runtime.load(ticking(other, 'b'));
  await next(other);
  expect(runs).toHaveLength(ended);
});

it('a run that does not end is told by its signal when the drain is over', async () => {
  await using host = await run({ limits: { drainTimeoutMs: 30 } });
  const begun = Promise.withResolvers<void>();
  const told = Promise.withResolvers<unknown>();
  await host.runtime.load(
    inMemory('a', {
      start: (ctx) =>
        ctx.tasks.every(5, 'endless', ({ signal }) => {
          begun.resolve();
          return new Promise((resolve) => {
            signal.addEventListener('abort', () => {
              told.resolve(signal.reason);
              resolve();
            });
          });
        }),
    }),
  );
  await begun.promise;
  expect((await host.runtime.unload('a')).cancelled).toBe(1);
  expect(await told.promise).toMatchObject({ code: 'CALL_CANCELLED' });
});

it('a task that fails is logged, counts as an error, and runs again', async () => {
  await using host = await run();
  let runs = 0;
  await host.runtime.load(
    inMemory('a', {
      start: (ctx) =>
        ctx.tasks.every(5, 'flaky', () => {
          runs++;
          throw new Error('no feed');
        }),
    }),
  );
  await until(() => runs > 1, 'it ran again');
  expect(JSON.stringify(host.lines)).toContain('no feed');
  expect(host.status('a').counts.errors).toBeGreaterThan(0);
  expect(host.status('a').tasks).toEqual(['flaky every 5 ms']);
});

it('a run may take longer than a call, until the next one is due', async () => {
  await using host = await run({ limits: { callTimeoutMs: 30 } });
  const begun = Promise.withResolvers<AbortSignal>();
  await host.runtime.load(
    inMemory('a', {
      start: (ctx) =>
        ctx.tasks.every(200, 'long', async ({ signal }) => {
          begun.resolve(signal);
          await ctx.clock.sleep(100);
        }),
    }),
  );
  const signal = await begun.promise;
  await until(() => host.status('a').counts.requests > 0, 'the run ended');
  expect(signal.aborted).toBe(false);
  expect(host.status('a').counts.errors).toBe(0);
});
