import type { BenchContext, BenchRow } from '../../bench-row.ts';
import { startChild } from '../../bounded-child.ts';
import type { ExclusiveCommands } from '../../children/swaps/exclusive.ts';
import { below, exactly, type Finding, quantile } from '../../measure.ts';

const megabyte = 1_048_576;

export const swapExclusive: BenchRow = {
  id: 'swap-exclusive',
  question: 'How long do requests wait while a plugin with 1 MB of state changes hands?',
  goal: 'p99 < 5 ms beyond the longest handler (handlers <= 1 ms), 0 failed',
  async run(context) {
    const findings: Finding[] = [];
    for (const level of ['basic', 'strict'] as const) findings.push(...(await handOvers(context, level)));
    return findings;
  },
};

async function handOvers(context: BenchContext, level: 'basic' | 'strict'): Promise<readonly Finding[]> {
  const [rounds, times] = context.isQuick ? [1, 5] : [5, 40];
  const waits: number[] = [];
  let [failed, parked] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    context.progress(`swap-exclusive: ${level}, round ${round + 1} of ${rounds}`);
    await using child = await startChild<ExclusiveCommands>(context, 'children/swaps/exclusive.ts');
    const folder = context.scope.makeFolder();
    const told = await child.call('handOver', { folder, level, stateBytes: megabyte, times, clients: 16 }, 120_000);
    waits.push(quantile(told.waited, 0.99));
    failed += told.failed;
    parked += told.parked;
    context.scope.removeFolder(folder);
  }
  return [
    {
      case: `${level}: wait of a held request beyond a usual one, p99`,
      unit: 'ms',
      values: waits,
      goal: below(5, 'ms'),
      note: `${parked} requests were held back`,
    },
    { case: `${level}: failed requests`, unit: '', values: [failed], goal: exactly(0, 'failed') },
  ];
}
