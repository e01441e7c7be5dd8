import { definePlugin, type PluginDefinition } from '@hotswap/sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { createRuntime, type Runtime } from '@hotswap/runtime';
import { createRecordingLog } from './running-runtime.ts';

/** The plugin of the specification, in its first version. */
const countOne: PluginDefinition = definePlugin({
  swap: 'exclusive',
  state: { version: 1 },
  start(ctx, state?: { count: number }) {
    let count = state?.count ?? 0;
    ctx.http.post('/count', () => Response.json({ count: ++count }));
    ctx.http.get('/count', () => Response.json({ count }));
    return { exportState: () => ({ count }) };
  },
}) as never;

const countTwo: PluginDefinition = definePlugin({
  swap: 'exclusive',
  state: {
    version: 2,
    migrations: {
      2: {
        up: (v1: { count: number }) => ({ total: v1.count }),
        down: (v2: { total: number }) => ({ count: v2.total }),
      },
    },
  },
  start(ctx, state?: { total: number }) {
    let total = state?.total ?? 0;
    ctx.http.post('/count', () => Response.json({ total: ++total }));
    return {
      exportState: () => ({ total }),
      health: () => (total < 1e9 ? 'healthy' : { status: 'unhealthy', reason: 'overflow near' }),
    };
  },
}) as never;

let runtime: Runtime;
afterEach(() => runtime.close());

const begin = async (definition: PluginDefinition, limits: object = {}): Promise<void> => {
  runtime = createRuntime({
    log: createRecordingLog(),
    environment: {},
    guardProcess: false,
    limits: { probationMs: 0, ...limits },
  });
  await runtime.start();
  expect((await runtime.load({ name: 'counter', definition })).reason).toBeUndefined();
};
const post = async (): Promise<unknown> =>
  (await runtime.fetch(new Request('http://host.test/count', { method: 'POST' }))).json();

describe('an exclusive swap', () => {
  it('carries the state up to the next version, and down again on the way back', async () => {
    await begin(countOne);
    expect(await post()).toEqual({ count: 1 });
    const report = await runtime.swap('counter', { name: 'counter', definition: countTwo });
    expect(report).toMatchObject({ outcome: 'swapped', from: 1, to: 2 });
    expect(await post()).toEqual({ total: 2 });
    expect(await runtime.rollback('counter')).toMatchObject({ outcome: 'swapped', from: 2, to: 3, lost: 0 });
    expect(await post()).toEqual({ count: 3 });
  });

  it('loses no increment over 100 swaps under concurrent requests', async () => {
    await begin(countOne);
    let acknowledged = 0;
    const over = new AbortController();
    const client = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const response = await runtime.fetch(new Request('http://host.test/count', { method: 'POST' }));
        expect(response.status).toBe(200);
        await response.text();
        acknowledged++;
        await new Promise(setImmediate);
      }
    };
    const clients = Array.from({ length: 8 }, client);
    for (let round = 0; round < 100; round++) {
      const report = await runtime.swap('counter', {
        name: 'counter',
        definition: round % 2 === 0 ? countTwo : countOne,
      });
      expect(report.outcome, JSON.stringify(report.reason)).toBe('swapped');
    }
    over.abort();
    await Promise.all(clients);
    expect(await post()).toEqual({ count: acknowledged + 1 });
  });
});
