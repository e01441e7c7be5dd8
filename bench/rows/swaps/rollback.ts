import type { BenchContext, BenchRow } from '../../bench-row.ts';
import { startChild } from '../../bounded-child.ts';
import type { ExclusiveCommands } from '../../children/swaps/exclusive.ts';
import type { RollbackCommands } from '../../children/swaps/rollback.ts';
import { atMost, below, type Finding, quantile } from '../../measure.ts';

export const rollback: BenchRow = {
  id: 'rollback',
  question: 'How soon does the generation before serve again, asked for and by itself?',
  goal: 'asked for: < 1 ms; a version that fails every request: <= 200 requests, 5 s; with 1 MB of state p99 < 50 ms',
  async run(context) {
    const rounds = context.isQuick ? 1 : 7;
    const times: number[] = [];
    const tails: number[] = [];
    const requests: number[] = [];
    const milliseconds: number[] = [];
    for (let round = 0; round < rounds; round++) {
      context.progress(`rollback: round ${round + 1} of ${rounds}`);
      await using child = await startChild<RollbackCommands>(context, 'children/swaps/rollback.ts', { core: 0 });
      const took = await child.call('goBack', { times: context.isQuick ? 20 : 200 });
      times.push(quantile(took, 0.5));
      tails.push(quantile(took, 0.99));
      const detected = await child.call('detect', { limit: 5_000 });
      requests.push(detected.requests);
      milliseconds.push(detected.ms);
    }
    return [
      { case: 'asked for, verb to publish, p50', unit: 'ms', values: times, goal: below(1, 'ms') },
      { case: 'asked for, verb to publish, p99', unit: 'ms', values: tails },
      {
        case: 'failed requests until it went back by itself',
        unit: '',
        values: requests,
        goal: atMost(200, 'requests'),
      },
      { case: 'time until it went back by itself', unit: 'ms', values: milliseconds, goal: atMost(5_000, 'ms') },
      await withState(context, 'basic'),
      await withState(context, 'strict'),
    ];
  },
};

/** Under load: export, migrate down, start a new generation of the version before. */
async function withState(context: BenchContext, level: 'basic' | 'strict'): Promise<Finding> {
  const [rounds, times] = context.isQuick ? [1, 5] : [3, 40];
  const values: number[] = [];
  for (let round = 0; round < rounds; round++) {
    context.progress(`rollback: ${level} with state, round ${round + 1} of ${rounds}`);
    await using child = await startChild<ExclusiveCommands>(context, 'children/swaps/exclusive.ts');
    const folder = context.scope.makeFolder();
    const asked = { folder, level, stateBytes: 1_048_576, times, clients: 16 };
    values.push(quantile((await child.call('handOver', asked, 120_000)).back, 0.99));
    context.scope.removeFolder(folder);
  }
  return { case: `${level}, with 1 MB of state, verb to publish, p99`, unit: 'ms', values, goal: below(50, 'ms') };
}
