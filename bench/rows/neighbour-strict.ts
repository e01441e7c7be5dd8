import type { BenchContext } from '../bench-row.ts';
import { placement } from '../bounded-child.ts';
import { atMostTimes, type Finding, interleave } from '../measure.ts';
import { helloPlugin, loopingPlugin, writePlugin } from '../plugin-texts.ts';
import { healthyP99 } from './healthy-p99.ts';

const situations = ['strict, alone', 'strict, beside one that loops for ever'] as const;

/** The part of `neighbour` at level strict. Each situation is a new process: a loop holds a core until it is ended. */
export async function neighbourStrict(context: BenchContext): Promise<Finding[]> {
  const folder = context.scope.makeFolder();
  const common = { version: '1.0.0', isolation: 'strict' } as const;
  const plugins = [
    writePlugin(folder, { ...common, name: 'healthy', text: helloPlugin('1') }),
    writePlugin(folder, { ...common, name: 'looper', text: loopingPlugin('/loop') }),
  ];
  const p99 = await interleave(context.isQuick ? 1 : 5, situations, (situation, round) => {
    context.progress(`neighbour: round ${round + 1}, ${situation}`);
    return healthyP99(context, { plugins, trouble: situation === 'strict, alone' ? undefined : '/loop' });
  });
  context.scope.removeFolder(folder);
  const alone = { case: 'strict, alone', values: p99['strict, alone'] };
  const [, beside] = situations;
  return [
    { ...alone, unit: 'ms', note: `1,000 requests/s; ${placement}` },
    { case: beside, unit: 'ms', values: p99[beside], against: alone, goal: atMostTimes(1.2, 'alone') },
  ];
}
