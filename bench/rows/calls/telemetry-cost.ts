import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BenchContext, BenchRow } from '../../bench-row.ts';
import { startChild } from '../../bounded-child.ts';
import type { CallCommands } from '../../children/calls.ts';
import { throughputOf } from '../../http-bench.ts';
import { atMost, atMostTimes, type Finding, interleave } from '../../measure.ts';
import { helloPlugin, writePlugin } from '../../plugin-texts.ts';

const variants = ['without', 'with'] as const;

const flagsOf = {
  with: [],
  without: ['--import', pathToFileURL(join(import.meta.dirname, '..', '..', 'children', 'without-telemetry.ts')).href],
};

export const telemetryCost: BenchRow = {
  id: 'telemetry-cost',
  question: 'What do the clock and the duration histogram add to a call and to an HTTP request?',
  goal: '<= 2 % of an HTTP request; <= 300 ns a call',
  run: async (context) => [...(await costOfCalls(context)), ...(await costOfRequests(context))],
};

async function costOfCalls(context: BenchContext): Promise<Finding[]> {
  const times = await interleave(context.isQuick ? 1 : 9, variants, async (variant, round) => {
    context.progress(`telemetry-cost: calls, round ${round + 1}, ${variant}`);
    await using child = await startChild<CallCommands>(context, 'children/calls.ts', {
      core: 0,
      flags: flagsOf[variant],
    });
    return await child.call('time', { name: 'basic, sync', ms: context.isQuick ? 100 : 400 });
  });
  const added = times.with.map((ns, round) => ns - (times.without[round] ?? 0));
  const without = { case: 'call, without', values: times.without };
  return [
    { ...without, unit: 'ns', note: 'counters stay on' },
    { case: 'call, with', unit: 'ns', values: times.with, against: without },
    { case: 'added to a call', unit: 'ns', values: added, goal: atMost(300, 'ns') },
  ];
}

async function costOfRequests(context: BenchContext): Promise<Finding[]> {
  const folder = context.scope.makeFolder();
  const plugins = [writePlugin(folder, { name: 'plain', version: '1.0.0', text: helloPlugin('1') })];
  const span = context.isQuick ? { warmRequests: 1_500, ms: 300 } : { warmRequests: 40_000, ms: 2_000 };
  const cpu = await interleave(context.isQuick ? 1 : 5, variants, async (variant, round) => {
    context.progress(`telemetry-cost: requests, round ${round + 1}, ${variant}`);
    const options = { flags: flagsOf[variant] };
    const { cpuMicroseconds } = await throughputOf(context, { kind: 'HotSwap on node:http', plugins, options }, span);
    return cpuMicroseconds;
  });
  context.scope.removeFolder(folder);
  const without = { case: 'HTTP request, without', values: cpu.without };
  return [
    { ...without, unit: 'us of the server' },
    {
      case: 'HTTP request, with',
      unit: 'us of the server',
      values: cpu.with,
      against: without,
      goal: atMostTimes(1.02, 'without'),
    },
  ];
}
