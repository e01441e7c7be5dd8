import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchContext, BenchRow } from '../../bench-row.ts';
import { startChild } from '../../bounded-child.ts';
import type { ThreadCommands } from '../../children/threads.ts';
import { atLeastTimes, atMostTimes, type Finding, type Goal, interleave } from '../../measure.ts';
import { echoPlugin } from '../../plugin-texts.ts';

const names = ['raw postMessage', 'piscina', 'tinypool', 'strict'] as const;

type Name = (typeof names)[number];

export const callStrict: BenchRow = {
  id: 'call-strict',
  question: 'What does a call into a thread cost, beside a message to a worker and back?',
  goal: 'p50 <= 1.1x raw postMessage at one in flight, one core; calls/s with 64 in flight >= 3x, two cores',
  async run(context) {
    const latency = await measured(context, 'latency');
    const throughput = await measured(context, 'throughput');
    return [
      ...findings(latency, 'one in flight, p50', 'us', atMostTimes(1.1, 'raw postMessage')),
      ...findings(throughput, '64 in flight', 'calls/s', atLeastTimes(3, 'raw postMessage')),
    ];
  },
};

/** Peers that are not installed have none. */
type Values = Readonly<Partial<Record<Name, readonly number[]>>>;

/** Latency is taken on one core: between two it depends on whether the other one sleeps. */
async function measured(context: BenchContext, what: 'latency' | 'throughput'): Promise<Values> {
  const folder = context.scope.makeFolder();
  const file = join(folder, 'echo.js');
  writeFileSync(file, echoPlugin());
  await using child = await startChild<ThreadCommands>(
    context,
    'children/threads.ts',
    what === 'latency' ? { core: 0 } : {},
  );
  await child.call('load', { file });
  const indices = new Map<Name, number>();
  for (const name of names) {
    const index = await child.call('open', { name });
    if (index !== undefined) indices.set(name, index);
  }
  const ms = context.isQuick ? 100 : 700;
  const there = names.filter((name) => indices.has(name));
  const values = await interleave(context.isQuick ? 2 : 7, there, (name, round) => {
    context.progress(`call-strict: ${what}, round ${round + 1}, ${name}`);
    return child.call(what, { index: indices.get(name) ?? 0, ms });
  });
  await child.stop();
  context.scope.removeFolder(folder);
  return values;
}

function findings(values: Values, what: string, unit: string, goal: Goal): Finding[] {
  const raw = { case: `raw postMessage, ${what}`, values: values['raw postMessage'] ?? [] };
  const others = names.slice(1).map(
    (name): Finding => ({
      case: `${name}, ${what}`,
      unit,
      values: values[name] ?? [],
      against: raw,
      ...(values[name] === undefined && { note: 'not installed' }),
      ...(name === 'strict' && { goal }),
    }),
  );
  return [{ ...raw, unit }, ...others];
}
