import { stripVTControlCharacters } from 'node:util';
import type { Style } from './style.ts';

/** One column: its title and how to get its cell out of a row. Numbers read best aligned to the right. */
export interface Column<Row> {
  readonly title: string;
  readonly align?: 'left' | 'right';
  cell(row: Row): string;
}

/** Rows as aligned columns under their titles; no trailing blanks. */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], style: Style): string {
  const titles = columns.map((column) => style.dim(column.title.toUpperCase()));
  const lines = [titles, ...rows.map((row) => columns.map((column) => column.cell(row)))];
  const widths = columns.map((_, index) => Math.max(...lines.map((cells) => widthOf(cells[index] ?? ''))));
  return lines.map((cells) => formatLine(cells, columns, widths)).join('\n');
}

/** Facts, one a line, the values under each other. Facts without a value are left out. */
export function formatFacts(facts: readonly (readonly [string, string | undefined])[], style: Style): string {
  const known = facts.filter((fact): fact is readonly [string, string] => fact[1] !== undefined && fact[1] !== '');
  const width = Math.max(...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${style.dim(name.padEnd(width))}  ${value}`).join('\n');
}

function formatLine<Row>(cells: readonly string[], columns: readonly Column<Row>[], widths: readonly number[]): string {
  const padded = cells.map((cell, index) => {
    const blanks = ' '.repeat(Math.max(0, (widths[index] ?? 0) - widthOf(cell)));
    return columns[index]?.align === 'right' ? blanks + cell : cell + blanks;
  });
  return padded.join('  ').trimEnd();
}

function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}
