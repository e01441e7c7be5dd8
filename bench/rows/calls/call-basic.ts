import type { BenchContext, BenchRow } from '../../bench-row.ts';
import { startChild } from '../../bounded-child.ts';
import type { CallCase, CallCommands } from '../../children/calls.ts';
import { atMost, atMostTimes, exactly, type Finding, interleave } from '../../measure.ts';

const peers: readonly CallCase[] = ['plain', 'try/catch', 'setTimeout + AbortController', 'AbortSignal.timeout'];
const ours: readonly CallCase[] = ['none, sync', 'none, async', 'basic, sync', 'basic, async'];

export const callBasic: BenchRow = {
  id: 'call-basic',
  question: 'What does a call of a plugin in this thread cost, its duration recorded?',
  goal: '<= 7x a plain awaited call, no timer per call, a sync answer without a promise',
  async run(context) {
    const hosts = context.isQuick ? 1 : 5;
    const rounds: Readonly<Record<string, number[]>>[] = [];
    for (let host = 0; host < hosts; host++) rounds.push(await freshHost(context, `host ${host + 1} of ${hosts}`));
    const valuesOf = (name: string): number[] => rounds.flatMap((round) => round[name] ?? []);
    const plain = { case: 'plain', values: valuesOf('plain') };
    const against = (name: string): Finding => ({ case: name, unit: 'ns', values: valuesOf(name), against: plain });
    return [
      { ...plain, unit: 'ns', note: 'an awaited call of an async function' },
      ...peers.slice(1).map(against),
      ...ours.map((name) => ({ ...against(name), goal: atMostTimes(7, 'plain') })),
      { case: 'timers made in 1,000 calls', unit: '', values: valuesOf('timers'), goal: atMost(2, 'timers') },
      { case: 'sync answers behind a promise', unit: '', values: valuesOf('promises'), goal: exactly(0, 'promises') },
    ];
  },
};

/** Every host is a new process: what one got used to, good or bad, ends with it. */
async function freshHost(context: BenchContext, which: string): Promise<Readonly<Record<string, number[]>>> {
  await using child = await startChild<CallCommands>(context, 'children/calls.ts', { core: 0 });
  const ms = context.isQuick ? 60 : 200;
  const times = await interleave(context.isQuick ? 2 : 4, [...peers, ...ours], (name, round) => {
    context.progress(`call-basic: ${which}, round ${round + 1}, ${name}`);
    return child.call('time', { name, ms });
  });
  const isPlain = await child.call('isSyncAnswerPlain', { name: 'basic, sync' });
  const timers = [
    await child.call('timers', { name: 'basic, async' }),
    await child.call('timers', { name: 'basic, sync' }),
  ];
  return { ...times, timers, promises: [isPlain ? 0 : 1] };
}
