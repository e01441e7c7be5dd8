import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchContext } from '../bench-row.ts';
import { startChild } from '../bounded-child.ts';
import type { ProcessCycleCommands } from '../children/confined/process-cycles.ts';
import { atMost, exactly, type Finding } from '../measure.ts';
import { helloPlugin, withBallast } from '../plugin-texts.ts';

type Level = 'sandbox' | 'container';

const limitMs = 1_800_000;
const leftKinds = ['processes', 'groups', 'temp folders', 'containers'] as const;
const cycles = { sandbox: 1_000, container: 100 };
const quickCycles = { sandbox: 8, container: 2 };
const bytesPerMB = 1_048_576;

/** The part of `reload-10k` at levels sandbox and container. */
export async function reloadProcesses(context: BenchContext): Promise<Finding[]> {
  return [...(await reloadedAt(context, 'sandbox')), ...(await reloadedAt(context, 'container'))];
}

async function reloadedAt(context: BenchContext, level: Level): Promise<Finding[]> {
  const count = (context.isQuick ? quickCycles : cycles)[level];
  const folder = context.scope.makeFolder();
  const file = join(folder, 'reloaded.js');
  writeFileSync(file, withBallast(helloPlugin('1'), 25_000, level));
  await using child = await startChild<ProcessCycleCommands>(context, 'children/confined/process-cycles.ts');
  const reason = await child.call('open', { level, file }, limitMs);
  if (reason !== undefined) {
    return [{ case: `${level} reloads`, unit: 'MB', values: [], note: `cannot be had on this host: ${reason}` }];
  }
  const grown = async (what: 'bare' | 'ours'): Promise<Readonly<Record<'heap' | 'resident' | 'ms', number>>> => {
    context.progress(`reload-10k: ${count} times, ${level}, ${what}`);
    // What one after the other uses in common is there after some.
    await child.call(what, { count: Math.ceil(count / 5) }, limitMs);
    const before = await child.call('settle', undefined);
    const startedAt = performance.now();
    await child.call(what, { count }, limitMs);
    const ms = (performance.now() - startedAt) / count;
    const after = await child.call('settle', undefined);
    const growth = (kind: 'heap' | 'resident'): number => (after[kind] - before[kind]) / bytesPerMB;
    return { heap: growth('heap'), resident: growth('resident'), ms };
  };
  const bare = await grown('bare');
  const ours = await grown('ours');
  const left = await child.call('leave', undefined, limitMs);
  await child.stop();
  context.scope.removeFolder(folder);
  const note = `after ${count.toLocaleString('en')} cycles`;
  return [
    { case: `bare child, growth of RSS beside ${level}`, unit: 'MB', values: [bare.resident], note },
    { case: `${level}, growth of RSS`, unit: 'MB', values: [ours.resident], note, goal: atMost(10, 'MB') },
    { case: `${level}, growth of heap`, unit: 'MB', values: [ours.heap], note, goal: atMost(5, 'MB') },
    { case: `${level}, one reload`, unit: 'ms', values: [ours.ms] },
    ...leftKinds.map(
      (kind, index): Finding => ({
        case: `${kind} left behind, ${level}`,
        unit: '',
        values: [left[index] ?? Number.NaN],
        goal: exactly(0, 'left'),
      }),
    ),
  ];
}
