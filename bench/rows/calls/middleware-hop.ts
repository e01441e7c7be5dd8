import type { BenchContext, BenchRow } from '../../bench-row.ts';
import { startChild } from '../../bounded-child.ts';
import type { MiddlewareHopCommands } from '../../children/middleware-hop.ts';
import { atMostTimes, type Finding } from '../../measure.ts';
import { lookingPlugin, twoRoutesPlugin, writePlugin } from '../../plugin-texts.ts';

type Level = 'strict' | 'sandbox';

export const middlewareHop: BenchRow = {
  id: 'middleware-hop',
  question: 'What do hooks on the heads of request and answer add, when their plugin runs in a thread or a sandbox?',
  goal: 'added p50 <= 1.1x two calls into that thread or sandbox',
  run: async (context) => [...(await hopsAt(context, 'strict')), ...(await hopsAt(context, 'sandbox'))],
};

async function hopsAt(context: BenchContext, level: Level): Promise<Finding[]> {
  const folder = context.scope.makeFolder();
  const files = [
    writePlugin(folder, { name: 'routes', version: '1.0.0', text: twoRoutesPlugin() }),
    writePlugin(folder, { name: 'looker', version: '1.0.0', text: lookingPlugin(), isolation: level }),
  ];
  await using child = await startChild<MiddlewareHopCommands>(context, 'children/middleware-hop.ts', { core: 0 });
  await child.call('load', { files });
  const [rounds, ms] = context.isQuick ? [2, 100] : [9, 600];
  await child.call('measure', { ms: ms / 2 });
  const added: number[] = [];
  const calls: number[] = [];
  const plain: number[] = [];
  for (let round = 0; round < rounds; round++) {
    context.progress(`middleware-hop: ${level}, round ${round + 1} of ${rounds}`);
    const took = await child.call('measure', { ms });
    plain.push(took.plain);
    added.push(took.hooked - took.plain);
    calls.push(took.calls);
  }
  await child.stop();
  context.scope.removeFolder(folder);
  const baseline = { case: `two calls, ${level}`, values: calls };
  return [
    { ...baseline, unit: 'us' },
    { case: `a request without hooks, beside ${level}`, unit: 'us', values: plain },
    {
      case: `added by hooks on both heads, ${level}`,
      unit: 'us',
      values: added,
      against: baseline,
      goal: atMostTimes(1.1, 'two calls'),
    },
  ];
}
