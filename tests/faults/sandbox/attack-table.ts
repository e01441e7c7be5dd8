import type { LayerName } from '@hotswap/sandbox';
import { attacks } from './attacks.ts';
import { type AttackResult, runAttack } from './run-attack.ts';

/** Between the marks of this region the table stands in docs/reference/isolation.md. */
export const region = 'sandbox-outcomes';

const columns = ['A plugin that', 'Outcome', 'What it meets', 'After', 'Host grew by'];

/** Runs every attack against a host of its own, two at once; results in the order of the table. */
export async function runAllAttacks(allowMissing: readonly LayerName[]): Promise<readonly AttackResult[]> {
  const results: AttackResult[] = [];
  const left = [...attacks.entries()];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [index, attack] = next;
      results[index] = await runAttack(attack, allowMissing);
    }
  };
  await Promise.all([work(), work()]);
  return results;
}

export function tableOf(results: readonly AttackResult[]): string {
  const rows = results.map(({ attack, outcome, how, ms, grewMB }) => [
    attack,
    `**${outcome}**`,
    how.replaceAll('|', '/'),
    `${(ms / 1_000).toFixed(1)} s`,
    `${grewMB} MB`,
  ]);
  return [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
