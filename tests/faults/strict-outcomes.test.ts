import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { canMakePipes } from './strict/run-shape.ts';
import { outcomesOn, runAllShapes } from './strict/shape-table.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/reference/isolation.md'), 'utf8');

// Without mkfifo there is nothing to read from that nobody writes to.
test.skipIf(!canMakePipes && process.env['CI'] === undefined)(
  'what goes wrong at level strict comes to what the docs say',
  async () => {
    const results = await runAllShapes();
    const found = results.map(({ shape, outcome }) => [shape, outcome]);
    expect(found, JSON.stringify(results, undefined, 1)).toEqual(outcomesOn(page));
    expect(results.filter(({ outcome }) => outcome === 'host lost')).toEqual([]);
  },
  180_000,
);
