import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { LastLines, LineBudget, onLines } from './lines.ts';

test('lines are told as they are written, the last one also without its end', async () => {
  const stream = new PassThrough();
  const lines: string[] = [];
  onLines(stream, (line) => lines.push(line));
  for (const part of ['on', 'e\ntw', 'o\r\n\nth', 'ree']) stream.write(part);
  const closed = once(stream, 'close');
  stream.end();
  await closed;
  expect(lines).toEqual(['one', 'two', '', 'three']);
});

test('a line without an end comes in pieces', () => {
  const stream = new PassThrough();
  const lengths: number[] = [];
  onLines(stream, ({ length }) => lengths.push(length));
  stream.emit('data', Buffer.alloc(150_000, 'a'));
  expect(lengths).toEqual([65_536, 65_536]);
});

test('the last twenty lines are kept', () => {
  const last = new LastLines();
  for (let line = 1; line <= 30; line++) last.add(`line ${line}`);
  expect([last.all.length, last.all[0], last.all.at(-1)]).toEqual([20, 'line 11', 'line 30']);
});

test('a flood is cut off, and counted when it is over', () => {
  let now = 0;
  const budget = new LineBudget(() => now);
  for (let line = 0; line < 1_500; line++) budget.take();
  expect(budget.take()).toEqual({ isTold: false, dropped: 0 });
  now = 1_000;
  expect(budget.take()).toEqual({ isTold: true, dropped: 501 });
  expect(budget.take()).toEqual({ isTold: true, dropped: 0 });
});
