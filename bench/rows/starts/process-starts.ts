import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchContext } from '../../bench-row.ts';
import { startChild } from '../../bounded-child.ts';
import type { ProcessStartCommands } from '../../children/confined/process-starts.ts';
import { atMost, atMostTimes, type Finding, type Goal, interleave } from '../../measure.ts';
import { echoPlugin } from '../../plugin-texts.ts';
import { firstAnswers } from './first-answers.ts';

/** One comparison: the runtime at a level, and the bare thing that it stands on. */
interface Versus {
  readonly level: 'sandbox' | 'container';
  readonly spares: number;
  readonly bare: string;
  readonly ours: string;
  readonly goal?: Goal;
}

/** Unpacking the image, and looking at what the engine can do, come first. */
const openMs = 180_000;

/** The part of `start-warm` at levels sandbox and container. */
export async function warmProcesses(context: BenchContext): Promise<Finding[]> {
  const bare = 'bare spare child';
  const goal = atMost(3, 'ms');
  return [
    ...(await compared(context, { level: 'sandbox', spares: 1, bare, ours: 'sandbox, warm spare', goal })),
    ...(await compared(context, { level: 'container', spares: 1, bare, ours: 'container, warm spare' })),
  ];
}

/** The part of `start-cold` at levels sandbox and container. */
export async function coldProcesses(context: BenchContext): Promise<Finding[]> {
  return [
    ...(await compared(context, {
      level: 'sandbox',
      spares: 0,
      bare: 'bare bubblewrap and Node',
      ours: 'sandbox, cold',
      goal: atMostTimes(1.25, 'bare bubblewrap and Node'),
    })),
    ...(await compared(context, {
      level: 'container',
      spares: 0,
      bare: 'bare container of the same image',
      ours: 'container, cold',
      goal: atMostTimes(1.25, 'a bare container'),
    })),
  ];
}

async function compared(context: BenchContext, versus: Versus): Promise<Finding[]> {
  const { level, spares, bare, ours, goal } = versus;
  const folder = context.scope.makeFolder();
  const file = join(folder, 'echo.js');
  writeFileSync(file, echoPlugin());
  await using child = await startChild<ProcessStartCommands>(context, 'children/confined/process-starts.ts');
  const reason = await child.call('open', { level, file, spares }, openMs);
  if (reason !== undefined) {
    return [{ case: `${ours}, p50`, unit: 'ms', values: [], note: `cannot be had on this host: ${reason}` }];
  }
  const names = [bare, ours];
  const measure = (name: string): Promise<number> => {
    if (name === ours) return child.call('ours', undefined);
    return spares > 0 ? child.call('bareSpare', undefined) : child.call('bare', undefined);
  };
  // The first two of each warm the process up, as those that a serving host has seen before.
  for (const name of names) for (let round = 0; round < 2; round++) await measure(name);
  const times = await interleave(context.isQuick ? 3 : 25, names, (name, round) => {
    context.progress(`start: round ${round + 1}, ${name}`);
    return measure(name);
  });
  await child.call('close', undefined);
  await child.stop();
  context.scope.removeFolder(folder);
  // An engine takes longer than the bar for every start, whatever it starts.
  const isBounded = level === 'sandbox';
  return [
    ...firstAnswers(times, bare, { isBounded }),
    ...firstAnswers(times, ours, { against: bare, isBounded, ...(goal !== undefined && { goal }) }),
  ];
}
