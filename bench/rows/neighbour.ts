import { setTimeout as wait } from 'node:timers/promises';
import type { BenchContext, BenchRow } from '../bench-row.ts';
import { placement } from '../bounded-child.ts';
import { startLoad, startServer, windowOf } from '../http-bench.ts';
import { atMostTimes, type Finding, interleave } from '../measure.ts';
import { helloPlugin, throwingPlugin, writePlugin } from '../plugin-texts.ts';
import { neighbourSandbox } from './neighbour-sandbox.ts';
import { neighbourStrict } from './neighbour-strict.ts';

/** In the first the plugin has half the load; in the others the process has the same. */
const situations = ['alone, half the load', 'alone', 'beside a healthy one', 'beside one that always throws'] as const;

type Situation = (typeof situations)[number];

export const neighbour: BenchRow = {
  id: 'neighbour',
  question:
    'What does a healthy plugin feel of one that throws on every request (same thread), loops for ever (strict) or floods its host (sandbox)?',
  goal: 'p99 <= 1.2x that of the plugin alone',
  async run(context) {
    const folder = context.scope.makeFolder();
    const plugins = [
      writePlugin(folder, { name: 'healthy', version: '1.0.0', text: helloPlugin('1') }),
      writePlugin(folder, { name: 'neighbour', version: '1.0.0', text: helloPlugin('1', '/neighbour') }),
      writePlugin(folder, { name: 'thrower', version: '1.0.0', text: throwingPlugin('/throw') }),
    ];
    const { child, port } = await startServer(context, { kind: 'HotSwap on node:http', plugins });
    await using server = child;
    const p99 = await p99OfEach(context, port);
    await server.stop();
    context.scope.removeFolder(folder);
    const alone = { case: 'alone', values: p99.alone };
    const note = `twice 1,000 requests/s; ${placement}`;
    const beside = (name: Situation): Finding => ({ case: name, unit: 'ms', values: p99[name], against: alone });
    return [
      { ...alone, unit: 'ms', note },
      beside('alone, half the load'),
      beside('beside a healthy one'),
      { ...beside('beside one that always throws'), goal: atMostTimes(1.2, 'alone') },
      ...(await neighbourStrict(context)),
      ...(await neighbourSandbox(context)),
    ];
  },
};

async function p99OfEach(context: BenchContext, port: number): Promise<Readonly<Record<Situation, number[]>>> {
  const [rounds, ms] = context.isQuick ? [1, 400] : [7, 2_000];
  await using load = await startLoad(context);
  const start = (name: string, path: string) =>
    load.call('start', { name, options: { port, path, connections: 8, rate: 1_000 } });
  await start('healthy', '/hello');
  const paths = {
    'alone, half the load': undefined,
    alone: '/hello',
    'beside a healthy one': '/neighbour',
    'beside one that always throws': '/throw',
  };
  const measure = async (situation: Situation): Promise<number> => {
    const path = paths[situation];
    if (path !== undefined) await start('other', path);
    await wait(ms / 5);
    const { p99, failed } = await windowOf(load, 'healthy', ms);
    await load.call('stop', { name: 'other' });
    if (failed > 0) throw new Error(`${failed} requests of the healthy plugin failed ${situation}`);
    return p99 / 1_000;
  };
  for (const situation of situations) await measure(situation);
  return await interleave(rounds, situations, (situation, round) => {
    context.progress(`neighbour: round ${round + 1}, ${situation}`);
    return measure(situation);
  });
}
