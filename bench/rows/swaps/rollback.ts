import type { BenchRow } from '../../bench-row.ts';
import { startChild } from '../../bounded-child.ts';
import type { RollbackCommands } from '../../children/swaps/rollback.ts';
import { atMost, below, quantile } from '../../measure.ts';

export const rollback: BenchRow = {
  id: 'rollback',
  question: 'How soon does the generation before serve again, asked for and by itself?',
  goal: 'asked for: < 1 ms; a version that fails every request: <= 200 requests, 5 s',
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
    ];
  },
};
