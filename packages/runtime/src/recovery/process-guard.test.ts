import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { guardProcess, type ProcessGuard } from './process-guard.ts';
import { generationEnded } from '../host-services/generation-ended.ts';
import type { Generation } from '../plugin/generation.ts';

const events = ['unhandledRejection', 'uncaughtException'] as const;
type Listener = (...args: unknown[]) => void;

let others: (readonly [(typeof events)[number], Listener])[];
let faults: string[];
let lines: string[];
let guard: ProcessGuard;

/** As much of a generation as the guard looks at. */
const generation = (number: number, file: string): Generation =>
  ({
    artifact: { program: { type: 'text', file } },
    fault: (where: string, error: unknown) => void faults.push(`${number} ${where}: ${String(error)}`),
  }) as unknown as Generation;

const failingIn = (file: string, message = 'no'): Error =>
  Object.assign(new Error(message), { stack: `Error: ${message}\n    at start (${file}:1:2)` });
const forget = async (reason: unknown): Promise<void> => {
  void Promise.reject(reason);
  await nextTurn();
};

beforeEach(() => {
  // What the test runner listens to would take these errors for its own.
  others = events.flatMap((event) =>
    process.listeners(event as never).map((listener) => [event, listener as Listener] as const),
  );
  for (const [event, listener] of others) process.off(event, listener);
  [faults, lines] = [[], []];
  const write = (_: unknown, message?: string): void => void lines.push(message ?? '');
  guard = guardProcess({
    generations: () => [generation(1, '/plugins/a.js'), generation(2, '/plugins/a.js'), generation(3, '/plugins/b.js')],
    files: () => ['/plugins/a.js', '/plugins/gone.js'],
    log: { debug: write, info: write, warn: write, error: write },
  });
});
afterEach(() => {
  guard.close();
  for (const [event, listener] of others) process.on(event, listener);
});

it('counts a forgotten promise against the newest generation of the file it failed in', async () => {
  await forget(failingIn('/plugins/a.js'));
  await forget(failingIn('/plugins/b.js'));
  expect(faults).toEqual(['2 promise that nobody awaited: Error: no', '3 promise that nobody awaited: Error: no']);
});

it('counts what escapes from a callback too', () => {
  process.emit('uncaughtException', failingIn('/plugins/b.js'));
  expect(faults).toEqual(['3 callback: Error: no']);
});

it('takes late errors of a plugin that is gone, and logs them', async () => {
  await forget(failingIn('/plugins/gone.js'));
  expect(faults).toEqual([]);
  expect(lines).toEqual(['a plugin that is gone failed in a promise that nobody awaited']);
});

it('says nothing of work that ended because its generation did', async () => {
  const ended = generationEnded('over');
  expect(ended.name).toBe('AbortError');
  await forget(ended);
  await forget(new Error('the sleep was interrupted', { cause: ended }));
  expect([faults, lines]).toEqual([[], []]);
});

it('leaves errors of the host to those who listen for them', async () => {
  const heard: unknown[] = [];
  const listener = (reason: unknown): void => void heard.push(reason);
  process.on('unhandledRejection', listener);
  await forget('no error at all');
  process.off('unhandledRejection', listener);
  expect(heard).toEqual(['no error at all']);
  expect(faults).toEqual([]);
});

it('leaves no listener behind', () => {
  guard.close();
  expect(events.map((event) => process.listenerCount(event))).toEqual([0, 0]);
});
