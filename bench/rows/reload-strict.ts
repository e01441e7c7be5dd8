import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchContext } from '../bench-row.ts';
import { startChild } from '../bounded-child.ts';
import type { CycleCommands } from '../children/thread-cycles.ts';
import type { Finding } from '../measure.ts';
import { helloPlugin, withBallast } from '../plugin-texts.ts';

const limitMs = 900_000;
/** What two measurements of one process differ by. */
const noiseBytes = 1_048_576;

/** The part of `reload-10k` at level strict: threads that come and go, beside bare ones. */
export async function reloadStrict(context: BenchContext): Promise<Finding[]> {
  const count = context.isQuick ? 60 : 10_000;
  const rounds = context.isQuick ? 1 : 2;
  const slopes = { bare: [] as number[], strict: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    for (const which of ['bare', 'strict'] as const) {
      context.progress(`reload-10k: ${count} ${which} threads, round ${round + 1}`);
      slopes[which].push(await slopeOf(context, which, count));
    }
  }
  const note = `${count.toLocaleString('en')} cycles`;
  const bare = { case: 'bare worker cycles, growth of RSS', values: slopes.bare };
  // Both may come to nothing, and a ratio of two nothings says nothing.
  const leeway = noiseBytes / count / 1_024;
  const isMet = ({ value }: { readonly value: number }): boolean => value <= 1.1 * Math.max(...slopes.bare, 0) + leeway;
  return [
    { ...bare, unit: 'KB each', note },
    {
      case: 'strict reloads, growth of RSS',
      unit: 'KB each',
      values: slopes.strict,
      against: bare,
      note,
      goal: { text: '<= 1.1x bare worker cycles, 1 MB apart at most', isMet },
    },
  ];
}

/** @returns kilobytes that each cycle left behind */
async function slopeOf(context: BenchContext, which: 'bare' | 'strict', count: number): Promise<number> {
  const folder = context.scope.makeFolder();
  const file = join(folder, 'reloaded.js');
  writeFileSync(file, withBallast(helloPlugin('1'), 25_000, 'strict'));
  await using child = await startChild<CycleCommands>(context, 'children/thread-cycles.ts');
  await child.call('load', { file });
  // What one thread after the other uses in common is there after some.
  await child.call(which, { count: Math.max(count / 5, 200) }, limitMs);
  const before = await child.call('settle', undefined as never);
  await child.call(which, { count }, limitMs);
  const after = await child.call('settle', undefined as never);
  await child.stop();
  context.scope.removeFolder(folder);
  return (after - before) / count / 1_024;
}
