import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { controlOf, controlWords, createRingMemory, laneOf } from './ring-memory.ts';
import { RingTransport } from './ring-transport.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Both ends in one thread: what crosses is copied all the same. */
function bothEnds() {
  const { port1, port2 } = new MessageChannel();
  const memory = createRingMemory();
  const broken: string[] = [];
  const host = new RingTransport({ port: port1, memory, side: 'host', onBroken: (problem) => broken.push(problem) });
  const guest = new RingTransport({ port: port2, memory, side: 'guest' });
  closing.push(() => host.close());
  const got: unknown[] = [];
  host.onMessage = (message) => got.push(message);
  const control = controlOf(memory);
  return { host, guest, got, broken, memory, control };
}

const big = { text: 'x'.repeat(1_000) };

test('small and large messages keep their order, whichever way each one takes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(1, 'two', { three: 3 }, big, 5n, null, undefined)), async (messages) => {
      const { host, guest, got } = bothEnds();
      for (const message of messages) guest.send(message);
      await expect.poll(() => got.length, { interval: 1 }).toBe(messages.length);
      expect(got).toStrictEqual(messages);
      host.close();
    }),
    { numRuns: 50 },
  );
});

test('what lies between is read from shared memory, and only then', async () => {
  const { guest, got, control } = bothEnds();
  guest.send({ alone: true });
  await expect.poll(() => got.length).toBe(1);
  expect(control[controlWords.toHostTail]).toBe(0);
  for (let index = 0; index < 10; index++) guest.send({ index });
  await expect.poll(() => got.length).toBe(11);
  expect(control[controlWords.toHostTail]).toBeGreaterThan(5);
});

test('thousands of messages in one turn arrive, though the ring holds hundreds', async () => {
  const { guest, got } = bothEnds();
  const all = Array.from({ length: 5_000 }, (_, index) => ({ index }));
  for (const message of all) guest.send(message);
  await expect.poll(() => got.length).toBe(5_000);
  expect(got).toStrictEqual(all);
});

test('a message that looks like the bell of the transport is a message', async () => {
  const { guest, got } = bothEnds();
  for (const message of [0, { 'hotswap:value': 0 }, 0, { 'hotswap:value': 1n }]) guest.send(message);
  await expect.poll(() => got.length).toBe(4);
  expect(got).toStrictEqual([0, { 'hotswap:value': 0 }, 0, { 'hotswap:value': 1n }]);
});

test('a buffer that is transferred moves', async () => {
  const { guest, got } = bothEnds();
  const buffer = new ArrayBuffer(8);
  guest.send({ buffer }, [buffer]);
  expect(buffer.byteLength).toBe(0);
  await expect.poll(() => got).toStrictEqual([{ buffer: new ArrayBuffer(8) }]);
});

test('a receiver that throws loses its own message and none of the others', async () => {
  const { host, guest } = bothEnds();
  const got: unknown[] = [];
  const escaped: unknown[] = [];
  const listener = (error: unknown): void => void escaped.push(error);
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', listener);
  closing.push(() => {
    process.removeAllListeners('uncaughtException');
    for (const one of before) process.on('uncaughtException', one);
  });
  host.onMessage = (message) => {
    if (message === 3) throw new Error('three');
    got.push(message);
  };
  for (let index = 0; index < 6; index++) guest.send(index);
  await expect.poll(() => got).toStrictEqual([0, 1, 2, 4, 5]);
  expect(escaped).toHaveLength(1);
});

test('a message that cannot be cloned is refused at once, and the next ones are not held up', async () => {
  const { guest, got } = bothEnds();
  expect(() => guest.send({ work: () => 1 })).toThrow('could not be cloned');
  guest.send(1);
  guest.send(2);
  await expect.poll(() => got).toStrictEqual([1, 2]);
});

test.each([1_000, -3])('an index of %i ends the reading and is told', async (tail) => {
  const { host, guest, got, broken, memory } = bothEnds();
  const lane = laneOf(memory, 'toHost');
  lane.control[lane.tailAt] = tail;
  guest.ring();
  await expect.poll(() => broken).toHaveLength(1);
  guest.send('ignored');
  host.close();
  expect(got).toEqual([]);
});

test('messages that were sent before a thread ended are delivered before its end is told', async () => {
  const { port1, port2 } = new MessageChannel();
  const memory = createRingMemory();
  const source = `
    import { workerData } from 'node:worker_threads';
    import { RingTransport } from ${JSON.stringify(new URL('ring-transport.ts', import.meta.url).href)};
    const transport = new RingTransport({ ...workerData, side: 'guest' });
    transport.onMessage = () => { for (let index = 0; index < 50; index++) transport.send(index); process.exit(); };
  `;
  const url = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
  const worker = new Worker(url, { workerData: { port: port2, memory }, transferList: [port2] });
  closing.push(() => worker.terminate());
  const host = new RingTransport({ port: port1, memory, side: 'host' });
  const got: unknown[] = [];
  host.onMessage = (message) => got.push(message);
  const { promise: closed, resolve } = Promise.withResolvers<number>();
  host.onClose = () => resolve(got.length);
  host.send('go');
  await once(worker, 'exit');
  expect(await closed).toBe(50);
  expect(got).toStrictEqual(Array.from({ length: 50 }, (_, index) => index));
});
