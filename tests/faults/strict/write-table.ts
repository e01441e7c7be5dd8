// Writes the table of what level strict contains into docs/reference/isolation.md. It runs everything in the table, for
// about half a minute; a test holds the outcomes against the page.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { region, runAllShapes, tableOf } from './shape-table.ts';
import { withRegion } from '../../../scripts/write-architecture.ts';

const path = join(resolve(import.meta.dirname, '../../..'), 'docs/reference/isolation.md');
const results = await runAllShapes();
writeFileSync(path, withRegion(readFileSync(path, 'utf8'), region, tableOf(results)));
for (const { shape, outcome, ms } of results)
  console.log(`${outcome.padEnd(9)} ${String(ms).padStart(5)} ms  ${shape}`);
