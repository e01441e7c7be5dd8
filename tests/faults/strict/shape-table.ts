import { availableParallelism } from 'node:os';
import { runShape, type ShapeResult } from './run-shape.ts';
import { shapes } from './shapes.ts';

/** Between the marks of this region the table stands in docs/reference/isolation.md. */
export const region = 'strict-outcomes';

const columns = ['A plugin with', 'Outcome', 'What ends it', 'After'];

/** Runs every shape in a host of its own, two at once where there are two cores; results in the order of the table. */
export async function runAllShapes(): Promise<readonly ShapeResult[]> {
  const results: ShapeResult[] = [];
  const left = [...shapes.entries()];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [index, shape] = next;
      results[index] = await runShape(shape);
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work));
  return results;
}

export function tableOf(results: readonly ShapeResult[]): string {
  const rows = results.map(({ shape, outcome, how, ms }) => [
    shape,
    `**${outcome}**`,
    how,
    `${(ms / 1_000).toFixed(1)} s`,
  ]);
  return [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Shape and outcome of each row of the table on the page. Times and figures differ from run to run. */
export function outcomesOn(page: string, name = region): readonly (readonly [shape: string, outcome: string])[] {
  const begin = page.indexOf(`<!-- generated: ${name} -->`);
  const text = page.slice(begin, page.indexOf(`<!-- end: ${name} -->`, begin));
  return [...text.matchAll(/^\| (.+?) \| \*\*(.+?)\*\* \|/gm)].map(([, shape = '', outcome = '']) => [shape, outcome]);
}
