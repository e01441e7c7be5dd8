import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchContext } from '../../bench-row.ts';
import { startChild } from '../../bounded-child.ts';
import type { StartCase, ThreadCommands } from '../../children/threads.ts';
import { atMost, atMostTimes, type Finding, interleave } from '../../measure.ts';
import { echoPlugin } from '../../plugin-texts.ts';
import { firstAnswers, type Times } from './first-answers.ts';

/** The part of `start-warm` at level strict. */
export async function warmThreads(context: BenchContext): Promise<Finding[]> {
  const times = await timesOf(context, ['bare spare worker', 'strict, warm spare']);
  return [
    ...firstAnswers(times, 'bare spare worker'),
    ...firstAnswers(times, 'strict, warm spare', { against: 'bare spare worker', goal: atMost(2, 'ms') }),
  ];
}

/** The part of `start-cold` at level strict. */
export async function coldThreads(context: BenchContext): Promise<Finding[]> {
  const times = await timesOf(context, ['new bare worker', 'strict, cold']);
  const goal = atMostTimes(1.25, 'a bare worker');
  return [
    ...firstAnswers(times, 'new bare worker'),
    ...firstAnswers(times, 'strict, cold', { against: 'new bare worker', goal }),
  ];
}

async function timesOf(context: BenchContext, names: readonly StartCase[]): Promise<Times<StartCase>> {
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
