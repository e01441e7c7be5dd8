import { silentLog } from '../../host-services/logging/silent-log.ts';
import { createSystemClock } from '../../host-services/system-clock.ts';
import { createFakeClock } from '@hotswap/test-kit';
import { afterEach, expect, test } from 'vitest';
import { WorkerPool, type WorkerPoolOptions } from './thread-pool.ts';
import type { Place, PlaceExit, PlaceLimits } from '../places/place.ts';

const pools: WorkerPool[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
});

function makePool(options: Partial<WorkerPoolOptions> = {}): WorkerPool {
  const pool = new WorkerPool({
    entry: async () => new URL('fixtures/obedient-guest.ts', import.meta.url),
    execArgv: ['--conditions=@hotswap/source'],
    spares: 0,
    clock: createSystemClock(),
    log: silentLog,
    ...options,
  });
  pools.push(pool);
  return pool;
}

/** Tells a new thread to do something. */
async function told(deed: string, { input, limits }: { input?: unknown; limits?: PlaceLimits } = {}) {
  const pool = makePool();
  const thread = await pool.take({ plugin: 'guest', generation: 1 });
  const got: unknown[] = [];
  thread.transport.onMessage = (message) => got.push(message);
  const exit = exitOf(thread);
  if (limits !== undefined) thread.watch(limits);
  thread.transport.send({ deed, input });
  return { pool, thread, got, exit };
}

function exitOf(thread: Place): Promise<PlaceExit> {
  return new Promise((resolve) => (thread.onExit = resolve));
}

const generous = { memoryMB: 256, graceMs: 60_000 };

test('a message that is sent before the thread is up is answered', async () => {
  const { got } = await told('echo', { input: { hello: 1 } });
  await expect.poll(() => got).toEqual([{ hello: 1 }]);
});

test('a thread that is ended by its taker says nothing more', async () => {
  const { pool, thread } = await told('echo');
  let exits = 0;
  thread.onExit = () => exits++;
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  thread.transport.onClose = resolve;
  expect(await thread.terminate()).toBe('ended');
  expect(thread.terminate()).toBe(thread.terminate());
  await closed;
  thread.transport.send('nobody hears this');
  expect(exits).toBe(0);
  expect(pool.status()).toEqual({ alive: 0, spares: 0, stuck: [] });
});

test.each([
  ['exit', 3, 'exit', 'it ended itself with code 3'],
  ['throw', 'broken', 'error', 'an error that nobody caught ended it: broken'],
])('a thread that ends by %s says why', async (deed, input, reason, detail) => {
  const { exit } = await told(deed, { input });
  expect(await exit).toMatchObject({ reason, detail });
});

test('its last lines on stderr come with its end', async () => {
  const { exit } = await told('sayAndThrow', { input: 'no' });
  expect((await exit).lastLines).toContain('about to fail');
});

test('what it writes comes line by line and not to the streams of the host', async () => {
  const { thread } = await told('say', { input: 'hello' });
  const lines: string[] = [];
  thread.onLine = (stream, line) => lines.push(`${stream}: ${line}`);
  await expect.poll(() => lines.toSorted()).toEqual(['stderr: hello to stderr', 'stdout: hello to stdout']);
});

test('it gets the environment of the host without what is the host’s alone', async () => {
  process.env['HOTSWAP_TOKEN'] = 'secret';
  const { got } = await told('environment');
  delete process.env['HOTSWAP_TOKEN'];
  await expect.poll(() => got.length).toBe(1);
  expect(got[0]).toContain('PATH');
  expect(got[0]).not.toContain('HOTSWAP_TOKEN');
});

test.each(['grow arrays', 'grow buffers'])(
  'a thread that does not stop to %s is ended for its memory',
  async (deed) => {
    const { exit, thread } = await told(deed, { limits: { ...generous, memoryMB: 48 } });
    expect(await exit).toMatchObject({
      reason: 'memory',
      detail: expect.stringMatching(/^it used \d+ MB of the 48 MB/),
    });
    expect(await thread.terminate()).toBe('ended');
  },
);

test('garbage is not taken for memory that is kept', async () => {
  const { got, exit } = await told('garbage', { limits: { ...generous, memoryMB: 64 } });
  const finished = expect.poll(() => got, { timeout: 15_000 }).toEqual(['tidy']);
  expect(await Promise.race([finished.then(() => 'finished'), exit])).toBe('finished');
});

test('a loop that gives no sign of life past its grace is ended as unresponsive', async () => {
  const { exit, thread } = await told('loop', { limits: { ...generous, graceMs: 200 } });
  expect(await exit).toMatchObject({ reason: 'unresponsive' });
  expect(await thread.terminate()).toBe('ended');
});

test('an event loop that is busy all the time, but turns, is alive', async () => {
  const { thread, got, exit } = await told('busy event loop', { limits: { ...generous, graceMs: 300 } });
  // Busy for longer than its grace: each echo says that it still turns.
  const until = performance.now() + 1_000;
  const alive = (async () => {
    await expect.poll(() => performance.now(), { timeout: 3_000 }).toBeGreaterThan(until);
    thread.transport.send({ deed: 'echo', input: 'still here' });
    await expect.poll(() => got).toEqual(['still here']);
  })();
  expect(await Promise.race([alive, exit])).toBeUndefined();
});

test('a thread that waits for a message is alive, however long it waits', async () => {
  const { got, thread, exit } = await told('echo', { input: 1, limits: { ...generous, graceMs: 50 } });
  await expect.poll(() => got).toEqual([1]);
  const until = performance.now() + 400;
  await expect.poll(() => performance.now(), { timeout: 3_000 }).toBeGreaterThan(until);
  thread.transport.send({ deed: 'echo', input: 2 });
  await expect.poll(() => got).toEqual([1, 2]);
  expect(await Promise.race([thread.terminate(), exit])).toBe('ended');
});

test('a flood of messages ends its sender before the host has grown much', async () => {
  const before = process.memoryUsage.rss();
  const { exit } = await told('flood', { limits: generous });
  expect(await exit).toMatchObject({ reason: 'flood' });
  expect((process.memoryUsage.rss() - before) / 1_048_576).toBeLessThan(1_500);
});

test('nonsense in the shared memory ends the one who wrote it', async () => {
  const { exit } = await told('write nonsense');
  expect(await exit).toMatchObject({ reason: 'broken' });
});

test('spares are made after the first plugin was served, when nobody has asked for a while', async () => {
  const clock = createFakeClock();
  const pool = makePool({ spares: 2, clock });
  await clock.advance(10_000);
  expect(pool.status().spares).toBe(0);
  const cold = await pool.take();
  await clock.advance(249);
  expect(pool.status()).toMatchObject({ alive: 1, spares: 0 });
  await clock.advance(500);
  expect(pool.status()).toMatchObject({ alive: 1, spares: 2 });
  const warm = await pool.take();
  expect(pool.status()).toMatchObject({ alive: 2, spares: 1 });
  expect(warm.id).toBeGreaterThan(cold.id);
  await pool.close();
  expect(pool.status()).toMatchObject({ alive: 0, spares: 0 });
  expect(clock.pending).toBe(0);
});

test('a plugin that may use more than spares are made for gets a thread of its own', async () => {
  const clock = createFakeClock();
  const pool = makePool({ spares: 1, clock });
  await pool.take();
  await clock.advance(250);
  await pool.take({ plugin: 'large', generation: 1, limits: { memoryMB: 2_000, graceMs: 1_000 } });
  expect(pool.status()).toMatchObject({ alive: 2, spares: 1 });
});

test('a spare that cannot even start is told in the log, and not made again and again', async () => {
  const clock = createFakeClock();
  const errors: unknown[] = [];
  const log = { ...silentLog, error: (fields: unknown) => errors.push(fields) };
  const entry = async () => new URL('data:text/javascript,throw new Error("no entry")');
  const pool = makePool({ spares: 1, clock, log, entry });
  await pool.take();
  await clock.advance(250);
  await expect.poll(() => errors.length).toBe(1);
  await clock.advance(10_000);
  expect(errors).toEqual([expect.objectContaining({ detail: expect.stringContaining('no entry') })]);
  expect(pool.status().spares).toBe(0);
});
