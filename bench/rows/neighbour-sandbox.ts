import type { BenchContext } from '../bench-row.ts';
import { placement } from '../bounded-child.ts';
import { atMostTimes, type Finding, interleave } from '../measure.ts';
import { floodingPlugin, helloPlugin, writePlugin } from '../plugin-texts.ts';
import { healthyP99 } from './healthy-p99.ts';

/** By situation, the path that brings it about. */
const troubles = {
  'sandbox, alone': undefined,
  'sandbox, beside one that loops for ever': '/loop',
  'sandbox, beside one that floods with messages': '/messages',
  'sandbox, beside one that floods with log lines': '/log',
  'sandbox, beside one that floods with output': '/output',
} as const;

type Situation = keyof typeof troubles;

const situations = Object.keys(troubles) as readonly Situation[];
const [first = 'sandbox, alone', ...others] = situations;

/** The part of `neighbour` at level sandbox: all of the server, what it confines too, has one core. */
export async function neighbourSandbox(context: BenchContext): Promise<Finding[]> {
  const folder = context.scope.makeFolder();
  const common = { version: '1.0.0', isolation: 'sandbox' } as const;
  const plugins = [
    writePlugin(folder, { ...common, name: 'healthy', text: helloPlugin('1') }),
    writePlugin(folder, { ...common, name: 'flooder', text: floodingPlugin() }),
  ];
  const p99 = await interleave(context.isQuick ? 1 : 5, situations, (situation, round) => {
    context.progress(`neighbour: round ${round + 1}, ${situation}`);
    return healthyP99(context, { plugins, trouble: troubles[situation] });
  });
  context.scope.removeFolder(folder);
  const alone = { case: first, values: p99[first] };
  return [
    { ...alone, unit: 'ms', note: `1,000 requests/s; ${placement}` },
    ...others.map(
      (name): Finding => ({
        case: name,
        unit: 'ms',
        values: p99[name],
        against: alone,
        goal: atMostTimes(1.2, 'alone'),
      }),
    ),
  ];
}
