import { stripVTControlCharacters, styleText } from 'node:util';
import type { Entry } from './measure.ts';

const columns = ['case', 'median', 'min - max', 'ratio', 'goal', ''] as const;

/** The entries of one row as a table for people. */
export function tableOf(entries: readonly Entry[]): string {
  const rows = [columns, ...entries.map(cellsOf)];
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => widthOf(row[index] ?? ''))));
  return rows
    .map((row) =>
      `  ${row.map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - widthOf(cell))).join('  ')}`.trimEnd(),
    )
    .join('\n');
}

function cellsOf(entry: Entry): readonly string[] {
  if (entry.value === null) return [entry.case, 'not run', '', '', entry.goal ?? '', entry.note ?? ''];
  const verdict = entry.ok === null ? '' : entry.ok ? styleText('green', 'met') : styleText('red', 'MISSED');
  return [
    entry.case,
    `${short(entry.value)} ${entry.unit}`,
    entry.min === entry.max ? '' : `${short(entry.min)} - ${short(entry.max)}`,
    entry.ratio === null ? '' : `${entry.ratio.toFixed(entry.ratio < 10 ? 2 : 0)}x`,
    entry.goal ?? '',
    [verdict, entry.note].filter(Boolean).join(' '),
  ];
}

/** Three digits that mean something; thousands are grouped. */
export function short(value: number | null): string {
  if (value === null) return '';
  if (value === 0 || Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return value.toPrecision(3);
}

function widthOf(cell: string): number {
  return stripVTControlCharacters(cell).length;
}
