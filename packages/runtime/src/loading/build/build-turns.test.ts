import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { BuildTurns } from './build-turns.ts';

const { signal } = new AbortController();

test('runs no more jobs at once than its limit, and none twice of a key', async () => {
  const turns = new BuildTurns(2);
  const running: string[] = [];
  const most: string[] = [];
  const job = (key: string) => async () => {
    expect(running).not.toContain(key);
    running.push(key);
    if (running.length > most.length) most.splice(0, most.length, ...running);
    await turn();
    running.splice(running.indexOf(key), 1);
    return key;
  };
  const keys = ['a', 'a', 'b', 'a', 'c', 'b', 'c'];
  expect(await Promise.all(keys.map((key) => turns.run(key, job(key), signal)))).toEqual(keys);
  expect(most).toHaveLength(2);
});

test('a job that fails gives its turn on', async () => {
  const turns = new BuildTurns(1);
  const failing = turns.run('a', () => Promise.reject(new Error('no')), signal);
  const next = turns.run('a', async () => 'yes', signal);
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('yes');
});

test('one that is aborted while it waits never begins', async () => {
  const turns = new BuildTurns(1);
  const first = Promise.withResolvers<void>();
  const running = turns.run('a', () => first.promise, signal);
  const abort = new AbortController();
  const began: string[] = [];
  const waiting = turns.run('b', async () => began.push('b'), abort.signal);
  abort.abort(new Error('gone'));
  await expect(waiting).rejects.toThrow('gone');
  first.resolve();
  await running;
  expect(await turns.run('c', async () => 'c', signal)).toBe('c');
  expect(began).toEqual([]);
});

test('one that is aborted while it runs keeps its turn until the job has ended', async () => {
  const turns = new BuildTurns(1);
  const job = Promise.withResolvers<void>();
  const abort = new AbortController();
  const running = turns.run('a', () => job.promise, abort.signal);
  await turn();
  abort.abort(new Error('gone'));
  await expect(running).rejects.toThrow('gone');
  expect(turns.isRunning('a')).toBe(true);
  job.resolve();
  await turns.run('a', async () => {}, signal);
  expect(turns.isRunning('a')).toBe(false);
});
