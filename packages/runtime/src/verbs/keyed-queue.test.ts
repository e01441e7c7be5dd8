import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { KeyedQueue } from './keyed-queue.ts';

it('runs work on one key in turn, in the order it was asked for', async () => {
  const queue = new KeyedQueue();
  const seen: string[] = [];
  const work = (name: string) => async (): Promise<void> => {
    seen.push(`${name} begins`);
    await nextTurn();
    seen.push(`${name} ends`);
  };
  await Promise.all([queue.run('a', work('one')), queue.run('a', work('two'))]);
  expect(seen).toEqual(['one begins', 'one ends', 'two begins', 'two ends']);
});

it('runs work on different keys at the same time', async () => {
  const queue = new KeyedQueue();
  const { promise, resolve } = Promise.withResolvers<void>();
  const first = queue.run('a', () => promise);
  await queue.run('b', async () => resolve());
  await first;
});

it('goes on with the next when one fails, and tells each its own outcome', async () => {
  const queue = new KeyedQueue();
  const failing = queue.run('a', async () => Promise.reject(new Error('no')));
  const next = queue.run('a', async () => 'yes');
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('yes');
});

it('is idle when nothing runs or waits, also when work queued more work', async () => {
  const queue = new KeyedQueue();
  await queue.whenIdle();
  let isDone = false;
  void queue.run('a', async () => {
    void queue.run('b', async () => {
      await nextTurn();
      isDone = true;
    });
  });
  await queue.whenIdle();
  expect(isDone).toBe(true);
});
