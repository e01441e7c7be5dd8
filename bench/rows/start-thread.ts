import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchContext, BenchRow } from '../bench-row.ts';
import { startChild } from '../bounded-child.ts';
import type { StartCase, ThreadCommands } from '../children/threads.ts';
import { atMost, atMostTimes, below, type Finding, interleave, quantile } from '../measure.ts';
import { echoPlugin } from '../plugin-texts.ts';

export const startWarm: BenchRow = {
  id: 'start-warm',
  question: 'How soon does a plugin answer when a warm thread waits for it?',
  goal: 'strict <= 2 ms from the verb to the first answer',
  async run(context) {
    const times = await firstAnswers(context, ['bare spare worker', 'strict, warm spare']);
    return [
      ...of(times, 'bare spare worker'),
      ...of(times, 'strict, warm spare', 'bare spare worker', atMost(2, 'ms')),
    ];
  },
};

export const startCold: BenchRow = {
  id: 'start-cold',
  question: 'How soon does a plugin answer from a thread that has to be started?',
  goal: '<= 1.25x a bare worker',
  async run(context) {
    const times = await firstAnswers(context, ['new bare worker', 'strict, cold']);
    const goal = atMostTimes(1.25, 'a bare worker');
    return [...of(times, 'new bare worker'), ...of(times, 'strict, cold', 'new bare worker', goal)];
  },
};

type Times = Readonly<Partial<Record<StartCase, readonly number[]>>>;

async function firstAnswers(context: BenchContext, names: readonly StartCase[]): Promise<Times> {
  const folder = context.scope.makeFolder();
  const file = join(folder, 'echo.js');
  writeFileSync(file, echoPlugin());
  await using child = await startChild<ThreadCommands>(context, 'children/threads.ts');
  await child.call('load', { file });
  // The first two of each warm the process up, as those that a serving host has seen before.
  for (const name of names) for (let round = 0; round < 2; round++) await child.call('firstAnswer', { name });
  const times = await interleave(context.isQuick ? 3 : 25, names, (name, round) => {
    context.progress(`start: round ${round + 1}, ${name}`);
    return child.call('firstAnswer', { name });
  });
  await child.stop();
  context.scope.removeFolder(folder);
  return times;
}

function of(times: Times, name: StartCase, against?: StartCase, goal?: Finding['goal']): Finding[] {
  const values = times[name] ?? [];
  return [
    {
      case: `${name}, p50`,
      unit: 'ms',
      values,
      ...(against !== undefined && { against: { case: against, values: times[against] ?? [] } }),
      ...(goal !== undefined && { goal }),
    },
    { case: `${name}, p99`, unit: 'ms', values: [quantile(values, 0.99)], goal: below(200, 'ms') },
  ];
}
