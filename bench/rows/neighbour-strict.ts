import { setTimeout as wait } from 'node:timers/promises';
import type { BenchContext } from '../bench-row.ts';
import { placement } from '../bounded-child.ts';
import { startLoad, startServer, windowOf } from '../http-bench.ts';
import { atMostTimes, type Finding, interleave } from '../measure.ts';
import { helloPlugin, loopingPlugin, writePlugin } from '../plugin-texts.ts';

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
    return p99Of(context, plugins, situation !== 'strict, alone');
  });
  context.scope.removeFolder(folder);
  const alone = { case: 'strict, alone', values: p99['strict, alone'] };
  const [, beside] = situations;
  return [
    { ...alone, unit: 'ms', note: `1,000 requests/s; ${placement}` },
    { case: beside, unit: 'ms', values: p99[beside], against: alone, goal: atMostTimes(1.2, 'alone') },
  ];
}

async function p99Of(context: BenchContext, plugins: readonly string[], isLooping: boolean): Promise<number> {
  const ms = context.isQuick ? 400 : 2_000;
  const { child, port } = await startServer(context, { kind: 'HotSwap on node:http', plugins });
  await using server = child;
  await using load = await startLoad(context);
  await load.call('start', { name: 'healthy', options: { port, path: '/hello', connections: 8, rate: 1_000 } });
  await windowOf(load, 'healthy', ms);
  const loop = isLooping ? fetch(`http://127.0.0.1:${port}/loop`).catch(() => undefined) : undefined;
  await wait(ms / 4);
  const { p99, failed } = await windowOf(load, 'healthy', ms);
  await load.call('stop', { name: 'healthy' });
  await server.stop();
  await loop;
  if (failed > 0) throw new Error(`${failed} requests of the healthy plugin failed`);
  return p99 / 1_000;
}
