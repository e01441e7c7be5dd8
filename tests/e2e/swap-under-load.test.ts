import { expect, it } from 'vitest';
import { Load } from '../load/load.ts';
import { sharedNow } from '../load/load-messages.ts';
import type { Answer, ClientKind } from '../load/load-messages.ts';
import { versionedPlugin } from '../load/versioned-plugin.ts';
import { servePlugins } from '../serving/serve-plugins.ts';

const swaps = 200;
/** Clocks of two processes are set by the same system, but not at the same moment. */
const toleranceMs = 50;
const connections: Readonly<Record<ClientKind, number>> = {
  'keep-alive': 20,
  pipelined: 8,
  upload: 8,
  download: 8,
  events: 8,
  post: 6,
  head: 3,
  'http/1.0': 3,
};
const gate = `ctx.http.use({ paths: ['/*'] }, (request, next) => next(request));`;

it('loses no request through 200 swaps under 64 connections of every kind', { timeout: 120_000 }, async () => {
  await using serving = await servePlugins({ plugins: { shop: versionedPlugin(1), gate } });
  const publishedAt = [0, 0];
  serving.runtime.on('transition', ({ plugin, to }) => {
    if (plugin === 'shop' && to === 'active') publishedAt.push(sharedNow());
  });
  await using load = await Load.begin({ port: serving.port, connections, limitMs: 90_000 });
  await load.answered(500);
  globalThis.gc?.();
  const heapBefore = process.memoryUsage().heapUsed;

  for (let version = 2; version <= swaps + 1; version++) {
    const report = await serving.swap('shop', versionedPlugin(version), { wait: 'published' });
    expect(report).toMatchObject({ outcome: 'swapped', from: version - 1, to: version });
    if (version % 10 === 0)
      expect(await serving.swap('gate', gate, { wait: 'published' })).toMatchObject({ outcome: 'swapped' });
    // Each version serves for a while: some answers, so that the next swap finds requests of this one under way.
    await load.answered(30);
  }
  await load.answered(200);
  const { answers, failures, failed } = await load.finish();

  expect(failures).toEqual([]);
  expect(failed).toBe(0);
  expect(Object.keys(Object.groupBy(answers, ({ kind }) => kind)).toSorted()).toEqual(
    Object.keys(connections).toSorted(),
  );
  expect(answers.filter((answer) => !wasActive(answer, publishedAt))).toEqual([]);
  // Measured in the other process: a loop that stood still would show. Generous, for the machine is shared.
  const quick = answers.filter(({ kind }) => kind === 'keep-alive').map(({ sentAt, headAt }) => headAt - sentAt);
  expect(Math.max(...quick)).toBeLessThan(3_000);
  expect(new Set(answers.map(({ version }) => version)).size).toBeGreaterThan(swaps * 0.9);

  const status = () => serving.runtime.pluginStatus('shop');
  await expect.poll(() => status().generations.map(({ state }) => state)).toEqual(['standby', 'active']);
  expect(status()).toMatchObject({ generation: swaps + 1, activeRequests: 0, counts: { errors: 0 } });
  expect(serving.lines.filter(({ level }) => level === 'error')).toEqual([]);
  globalThis.gc?.();
  expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(32 * 1024 * 1024);
});

/** Whether the version served at some moment between the request and the head of its answer. */
function wasActive({ version, sentAt, headAt }: Answer, publishedAt: readonly number[]): boolean {
  const from = (publishedAt[version] ?? Infinity) - toleranceMs;
  const to = (publishedAt[version + 1] ?? Infinity) + toleranceMs;
  return from <= headAt && sentAt <= to;
}
