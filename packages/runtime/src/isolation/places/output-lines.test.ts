import { expect, test } from 'vitest';
import { OutputLines } from './output-lines.ts';

test('text in pieces is told line by line, and what has no end yet counts among the last lines', () => {
  const told: string[] = [];
  const lines = new OutputLines((line) => told.push(line));
  for (const piece of ['on', 'e\ntw', 'o\r\n\nthr', 'ee']) lines.push(piece);
  expect(told).toEqual(['one', 'two']);
  expect(lines.last).toEqual(['one', 'two', 'three']);
});

test('a line without an end is cut, and only the last twenty are kept', () => {
  const told: string[] = [];
  const lines = new OutputLines((line) => told.push(line));
  lines.push('x'.repeat(10_000));
  expect(told.map(({ length }) => length)).toEqual([8_192]);
  for (let index = 0; index < 100; index++) lines.push(`${index}\n`);
  expect(lines.last).toHaveLength(20);
  expect(lines.last.at(-1)).toBe('99');
});
