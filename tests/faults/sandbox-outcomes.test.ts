import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeSandbox, sandboxHost } from '../../packages/runtime/test/sandbox-host.ts';
import { region, runAllAttacks } from './sandbox/attack-table.ts';
import { outcomesOn } from './strict/shape-table.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/reference/isolation.md'), 'utf8');
const mostGrowthMB = 384;

// Without groups of processes nothing counts what all of a plugin's processes use, and the table is another.
describeSandbox('attacks at level sandbox', () => {
  it.skipIf(sandboxHost.allowMissing.length > 0 && process.env['CI'] === undefined)(
    `come to what the docs say, and harm neither the host nor other plugins${missing()}`,
    async () => {
      const results = await runAllAttacks(sandboxHost.allowMissing);
      const found = results.map(({ attack, outcome }) => [attack, outcome]);
      console.log(`the host grew by at most ${Math.max(...results.map(({ grewMB }) => grewMB))} MB`);
      console.log(`${results.reduce((sum, { served }) => sum + served, 0)} requests to healthy plugins were served`);
      expect(found, JSON.stringify(results, undefined, 1)).toEqual(outcomesOn(page, region));
      const harm = results.filter(
        ({ failures, left, grewMB }) => failures.length + left.length > 0 || grewMB > mostGrowthMB,
      );
      expect(harm).toEqual([]);
    },
    240_000,
  );
});

function missing(): string {
  const { allowMissing } = sandboxHost;
  return allowMissing.length === 0 ? '' : ` (skipped: this host has no ${allowMissing.join(', ')})`;
}
