import type { BenchContext } from '../bench-row.ts';
import { startChild } from '../bounded-child.ts';
import type { ProcessMemory, ProcessMemoryCommands } from '../children/confined/process-memory.ts';
import { atMost, atMostTimes, type Finding } from '../measure.ts';
import { helloPlugin, writePlugin } from '../plugin-texts.ts';

type Child = Awaited<ReturnType<typeof startChild<ProcessMemoryCommands>>>;

/** The part of `memory` at level sandbox. */
export async function memoryOfProcesses(context: BenchContext): Promise<Finding[]> {
  if (process.platform !== 'linux') {
    return [{ case: 'sandbox, alone', unit: 'KB', values: [], note: 'private memory is read from /proc' }];
  }
  const [rounds, alone, sharing] = context.isQuick ? [1, 2, 4] : [5, 4, 10];
  const folder = context.scope.makeFolder();
  const sources = Array.from({ length: Math.max(alone, sharing) }, (_, index) => {
    const name = `confined-${index}`;
    const text = helloPlugin('1', `/${name}`);
    return { name, path: writePlugin(folder, { name, version: '1.0.0', isolation: 'sandbox', text }) };
  });
  const got = { bare: [] as ProcessMemory[], alone: [] as ProcessMemory[], sharing: [] as ProcessMemory[] };
  for (let round = 0; round < rounds; round++) {
    context.progress(`memory: sandbox, round ${round + 1} of ${rounds}`);
    const ours = (count: number, share: boolean) => (child: Child) =>
      child.call('confined', { folder, sources: sources.slice(0, count), share });
    const lone = await inFreshProcess(context, ours(alone, false));
    if (typeof lone === 'string') {
      return [{ case: 'sandbox, alone', unit: 'KB', values: [], note: `cannot be had on this host: ${lone}` }];
    }
    got.alone.push(lone);
    const shared = await inFreshProcess(context, ours(sharing, true));
    if (typeof shared === 'string') throw new Error(shared);
    got.sharing.push(shared);
    got.bare.push(await inFreshProcess(context, (child) => child.call('bare', { count: alone })));
  }
  context.scope.removeFolder(folder);
  const kilobytes = (list: readonly ProcessMemory[], kind: keyof ProcessMemory): number[] =>
    list.map((one) => one[kind] / 1_024);
  const bare = { case: 'bare lean child', values: kilobytes(got.bare, 'program') };
  const note = 'private memory of the process';
  return [
    { ...bare, unit: 'KB', note },
    {
      case: 'sandbox, alone',
      unit: 'KB',
      values: kilobytes(got.alone, 'program'),
      against: bare,
      note,
      goal: atMostTimes(1.05, 'a bare lean child'),
    },
    {
      case: 'sandbox, bubblewrap around it',
      unit: 'KB',
      values: kilobytes(got.alone, 'around'),
      note: 'two processes',
    },
    {
      case: `sandbox, each of ${sharing} that share a process`,
      unit: 'KB',
      values: kilobytes(got.sharing, 'program'),
      against: bare,
      goal: atMost(7_168, 'KB'),
    },
  ];
}

async function inFreshProcess<Answer>(context: BenchContext, ask: (child: Child) => Promise<Answer>): Promise<Answer> {
  await using child = await startChild<ProcessMemoryCommands>(context, 'children/confined/process-memory.ts');
  return await ask(child);
}
