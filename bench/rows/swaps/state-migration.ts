import type { BenchRow } from '../../bench-row.ts';
import { startChild } from '../../bounded-child.ts';
import type { StateMigrationCommands } from '../../children/swaps/state-migration.ts';
import { atMostTimes, type Finding } from '../../measure.ts';

const cases = [
  { shape: 'records', megabytes: 1, rounds: 25 },
  { shape: 'records', megabytes: 100, rounds: 3 },
  { shape: 'bytes', megabytes: 1, rounds: 25 },
  { shape: 'bytes', megabytes: 100, rounds: 3 },
] as const;
const callLimitMs = 300_000;

export const stateMigration: BenchRow = {
  id: 'state-migration',
  question: 'How long is a state on its way to the next version: export, seal, check, migrate, import?',
  goal: '<= 3x structuredClone of the same value',
  async run(context) {
    const findings: Finding[] = [];
    for (const { shape, megabytes, rounds } of cases) {
      if (context.isQuick && megabytes > 1) continue;
      context.progress(`state-migration: ${megabytes} MB of ${shape}`);
      const options = { core: 0, flags: ['--max-old-space-size=6000'] } as const;
      await using child = await startChild<StateMigrationCommands>(
        context,
        'children/swaps/state-migration.ts',
        options,
      );
      const input = { shape, megabytes, rounds: context.isQuick ? 5 : rounds };
      const { ways, clones } = await child.call('migrate', input, callLimitMs);
      const name = `${megabytes} MB of ${shape}`;
      const clone = { case: `structuredClone, ${name}`, values: clones };
      findings.push(
        { ...clone, unit: 'ms' },
        {
          case: name,
          unit: 'ms',
          values: ways,
          against: clone,
          // A clone of one small block is a copy, and nothing beside what any hand-over and two checksums cost.
          ...(shape === 'bytes' && megabytes === 1
            ? { note: 'no goal: the fixed cost of a hand-over' }
            : { goal: atMostTimes(3, 'structuredClone') }),
        },
      );
    }
    return findings;
  },
};
