// Writes the table of what level sandbox contains into docs/reference/isolation.md. It runs everything in the table, for
// about a minute; a test holds the outcomes against the page.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createSandbox } from '@hotswap/sandbox';
import { region, runAllAttacks, tableOf } from './attack-table.ts';
import { withRegion } from '../../../scripts/write-architecture.ts';

const path = join(resolve(import.meta.dirname, '../../..'), 'docs/reference/isolation.md');
const { report } = await createSandbox();
const missing = report.filter(({ status }) => status === 'missing').map(({ layer }) => layer);
const results = await runAllAttacks(missing);
writeFileSync(path, withRegion(readFileSync(path, 'utf8'), region, tableOf(results)));
for (const { attack, outcome, ms, grewMB, served, failures, slowestMs, left } of results)
  console.log(
    `${outcome.padEnd(11)} ${String(ms).padStart(5)} ms ${String(grewMB).padStart(4)} MB  ${served} served, slowest ${slowestMs} ms  ${attack}`,
    ...failures,
    ...left,
  );
