import { expect, it } from 'vitest';
import { Ledger } from './ledger.ts';

const noLimit = new AbortController().signal;

it('undoes everything last first', async () => {
  const ledger = new Ledger();
  const undone: string[] = [];
  for (const name of ['one', 'two', 'three']) ledger.add('thing', name, () => void undone.push(name));
  expect(await ledger.undoAll(noLimit)).toEqual([]);
  expect(undone).toEqual(['three', 'two', 'one']);
  expect(ledger.counts()).toEqual({});
});

it('waits for a step before it takes the next', async () => {
  const ledger = new Ledger();
  const undone: string[] = [];
  ledger.add('thing', 'first', () => void undone.push('first'));
  ledger.add('thing', 'slow', async () => {
    await Promise.resolve();
    undone.push('slow');
  });
  await ledger.undoAll(noLimit);
  expect(undone).toEqual(['slow', 'first']);
});

it('goes on when a step fails, and tells which one and why', async () => {
  const ledger = new Ledger();
  let isUndone = false;
  ledger.add('thing', 'good', () => void (isUndone = true));
  ledger.add('timer', 'thrower', () => {
    throw new Error('no');
  });
  ledger.add('socket', 'rejecter', () => Promise.reject(new Error('never')));
  expect(await ledger.undoAll(noLimit)).toEqual([
    { kind: 'socket', label: 'rejecter', error: new Error('never') },
    { kind: 'timer', label: 'thrower', error: new Error('no') },
  ]);
  expect(isUndone).toBe(true);
});

it('leaves a step that hangs behind when the time is over, and undoes the others all the same', async () => {
  const ledger = new Ledger();
  const limit = new AbortController();
  let isUndone = false;
  ledger.add('thing', 'good', () => void (isUndone = true));
  ledger.add('thing', 'hangs', () => new Promise(() => {}));
  const undoing = ledger.undoAll(limit.signal);
  limit.abort(new Error('too late'));
  expect(await undoing).toEqual([{ kind: 'thing', label: 'hangs', error: new Error('too late') }]);
  expect(isUndone).toBe(true);
});

it('forgets what ended by itself, and counts what is left by kind', async () => {
  const ledger = new Ledger();
  const entry = ledger.add('timeout', 'fired', () => expect.unreachable('it was forgotten'));
  ledger.add('interval', 'a', () => {});
  ledger.add('interval', 'b', () => {});
  entry.forget();
  expect(ledger.counts()).toEqual({ interval: 2 });
  await ledger.undoAll(noLimit);
});

it('undoes at once what is added after it was closed, and is not stopped by a failure of it', async () => {
  const ledger = new Ledger();
  await ledger.undoAll(noLimit);
  expect(ledger.isClosed).toBe(true);
  let isUndone = false;
  ledger.add('timeout', 'late', () => void (isUndone = true));
  ledger.add('timeout', 'broken', () => {
    throw new Error('no');
  });
  expect(isUndone).toBe(true);
  expect(ledger.counts()).toEqual({});
});

it('tells what has stood in it for longest, oldest first', () => {
  const ledger = new Ledger();
  const first = ledger.add('timeout', 'first', () => {});
  ledger.add('interval', 'second', () => {});
  ledger.add('timeout', 'third', () => {});
  expect(ledger.oldest(2).map(({ kind, label }) => [kind, label])).toEqual([
    ['timeout', 'first'],
    ['interval', 'second'],
  ]);
  first.forget();
  expect(ledger.oldest(5)).toHaveLength(2);
  expect(ledger.oldest(1)[0]?.ageMs).toBeGreaterThanOrEqual(0);
});
