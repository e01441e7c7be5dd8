import { expect, test } from 'vitest';
import { plainStyle } from './style.ts';
import { formatFacts, formatTable } from './table.ts';

const columns = [
  { title: 'name', cell: (row: { name: string; count: number }) => row.name },
  { title: 'count', align: 'right', cell: (row: { name: string; count: number }) => String(row.count) },
] as const;

test('aligns words to the left and numbers to the right', () => {
  const rows = [
    { name: 'greeter', count: 7 },
    { name: 'geo', count: 1200 },
  ];
  expect(formatTable(rows, columns, plainStyle)).toBe('NAME     COUNT\ngreeter      7\ngeo       1200');
});

test('measures cells without their colours', () => {
  const red = [
    { title: 'name', cell: (row: string) => `\u001b[31m${row}\u001b[39m` },
    { title: 'x', cell: () => 'x' },
  ];
  const [, first, second] = formatTable(['a', 'abc'], red, plainStyle).split('\n');
  expect(first).toBe('\u001b[31ma\u001b[39m     x');
  expect(second).toBe('\u001b[31mabc\u001b[39m   x');
});

test('leaves out facts that nobody knows', () => {
  const facts = [
    ['state', 'active'],
    ['reason', undefined],
    ['generation', '3'],
  ] as const;
  expect(formatFacts(facts, plainStyle)).toBe('state       active\ngeneration  3');
});
