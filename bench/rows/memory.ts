import type { BenchContext, BenchRow } from '../bench-row.ts';
import { startChild } from '../bounded-child.ts';
import type { Growth, InstanceCommands } from '../children/instances.ts';
import { atMostTimes, below, type Finding } from '../measure.ts';
import { helloPlugin, withBallast, writePlugin } from '../plugin-texts.ts';
import { memoryOfProcesses } from './memory-processes.ts';

const kilobytes = (growth: readonly Growth[], kind: keyof Growth): number[] => growth.map((one) => one[kind] / 1_024);

export const memory: BenchRow = {
  id: 'memory',
  question: 'How much memory does one more plugin take, level by level?',
  goal: '< 10 MB (first bar); strict <= 1.1x a bare worker; sandbox alone <= 1.05x a bare child, sharing a process <= 7 MB',
  async run(context) {
    const rounds = context.isQuick ? 1 : 5;
    const counts = context.isQuick
      ? { plugins: 20, workers: 4, children: 2 }
      : { plugins: 200, workers: 20, children: 4 };
    const small = pluginsOf(context, { prefix: 'small', count: counts.plugins });
    const strict = pluginsOf(context, { prefix: 'strict', count: counts.workers, isolation: 'strict' });
    const usual = pluginsOf(context, { prefix: 'usual', count: counts.plugins, bytes: 25_000 });
    const got = {
      small: [] as Growth[],
      strict: [] as Growth[],
      usual: [] as Growth[],
      worker: [] as Growth[],
      child: [] as Growth[],
    };
    for (let round = 0; round < rounds; round++) {
      context.progress(`memory: round ${round + 1} of ${rounds}`);
      got.small.push(await inFreshProcess(context, (child) => child.call('plugins', small)));
      got.usual.push(await inFreshProcess(context, (child) => child.call('plugins', usual)));
      got.strict.push(await inFreshProcess(context, (child) => child.call('plugins', strict)));
      got.worker.push(await inFreshProcess(context, (child) => child.call('workers', { count: counts.workers })));
      got.child.push(await inFreshProcess(context, (child) => child.call('children', { count: counts.children })));
    }
    const worker = { case: 'bare worker', values: kilobytes(got.worker, 'all') };
    const note = 'private memory of the process';
    const finding = (name: string, growth: readonly Growth[]): Finding => {
      return { case: name, unit: 'KB', values: kilobytes(growth, 'all'), against: worker, note };
    };
    return [
      { ...worker, unit: 'KB', note },
      finding('bare child', got.child),
      { ...finding('plugin of a few lines', got.small), goal: below(10_240, 'KB') },
      { ...finding('plugin of 25 KB', got.usual), goal: below(10_240, 'KB') },
      { ...finding('plugin of a few lines, strict', got.strict), goal: atMostTimes(1.1, 'bare worker') },
      { case: 'plugin of a few lines, heap and buffers', unit: 'KB', values: kilobytes(got.small, 'heap') },
      { case: 'plugin of 25 KB, heap and buffers', unit: 'KB', values: kilobytes(got.usual, 'heap') },
      ...(await memoryOfProcesses(context)),
    ];
  },
};

interface Kind {
  readonly prefix: string;
  readonly count: number;
  readonly bytes?: number;
  readonly isolation?: 'basic' | 'strict';
}

function pluginsOf(context: BenchContext, { prefix, count, bytes = 0, isolation = 'basic' }: Kind) {
  const folder = context.scope.makeFolder();
  const sources = Array.from({ length: count + 4 }, (_, index) => {
    const name = `${prefix}-${index}`;
    return writePlugin(folder, {
      name,
      version: '1.0.0',
      isolation,
      text: withBallast(helloPlugin('1', `/${name}`), bytes, name),
    });
  });
  return { warmUp: sources.slice(0, 4), sources: sources.slice(4) };
}

async function inFreshProcess(
  context: BenchContext,
  ask: (child: Awaited<ReturnType<typeof startChild<InstanceCommands>>>) => Promise<Growth>,
): Promise<Growth> {
  await using child = await startChild<InstanceCommands>(context, 'children/instances.ts');
  return await ask(child);
}
