import { join } from 'node:path';
import type { BenchContext, BenchRow } from '../bench-row.ts';
import { startChild } from '../bounded-child.ts';
import type { ReloadCommands } from '../children/reloads.ts';
import type { ImportCommands } from '../peers/import-versions.ts';
import { atLeast, atMost, type Finding } from '../measure.ts';
import { reloadProcesses } from './reload-processes.ts';
import { reloadStrict } from './reload-strict.ts';

const smallHeap = '--max-old-space-size=96';
const step = 100;
const limitMs = 300_000;
/** The generation that serves, the one kept warm to go back to, and one that a pending timer of its watch may hold. */
const mayLive = 3;

export const reload10k: BenchRow = {
  id: 'reload-10k',
  question: 'Does memory come back, however often a plugin of 25 KB is reloaded, level by level?',
  goal: 'heap <= start + 5 MB without the compilation cache, all generations finalised; with it, a 96 MB heap is enough; strict: RSS <= 1.1x bare worker cycles; sandbox and container: flat, nothing left behind',
  async run(context) {
    const count = context.isQuick ? 100 : 10_000;
    const peerCount = context.isQuick ? 100 : 4_000;
    return [
      ...(await withoutCache(context, count)),
      await withCache(context, count),
      ...(await reloadStrict(context)),
      ...(await reloadProcesses(context)),
      await importedAgain(context, peerCount),
    ];
  },
};

async function withoutCache(context: BenchContext, count: number): Promise<Finding[]> {
  const flags = ['--no-compilation-cache'];
  const folder = context.scope.makeFolder();
  const file = join(folder, 'reloaded.js');
  await using child = await startChild<ReloadCommands>(context, 'children/reloads.ts', { flags });
  await child.call('load', { file });
  await child.call('reload', { file, from: 1, count: step });
  const start = await child.call('settle', undefined as never);
  const times: number[] = [];
  for (let done = 0; done < count; done += step) {
    context.progress(`reload-10k: ${done} of ${count}, no compilation cache`);
    times.push(await child.call('reload', { file, from: 1 + step + done, count: step }));
  }
  const end = await child.call('settle', undefined as never);
  context.scope.removeFolder(folder);
  const growth = (end.heapBytes - start.heapBytes) / 1_048_576;
  const of = `${count.toLocaleString('en')} reloads`;
  return [
    {
      case: 'heap growth, no compilation cache',
      unit: 'MB',
      values: [growth],
      goal: atMost(5, 'MB'),
      note: `after ${of}`,
    },
    {
      case: 'generations not finalised',
      unit: '',
      values: [end.alive],
      goal: atMost(mayLive, 'that may live'),
      note: `of ${end.made.toLocaleString('en')}`,
    },
    { case: 'one reload, file written and bundled', unit: 'ms', values: times },
  ];
}

async function withCache(context: BenchContext, count: number): Promise<Finding> {
  const folder = context.scope.makeFolder();
  const file = join(folder, 'reloaded.js');
  await using child = await startChild<ReloadCommands>(context, 'children/reloads.ts', { flags: [smallHeap] });
  await child.call('load', { file });
  const survived = await countSurvived(
    { count, exited: child.exited, reload: (from) => child.call('reload', { file, from, count: step }, limitMs) },
    (done) => context.progress(`reload-10k: ${done} of ${count}, HotSwap in 96 MB`),
  );
  context.scope.removeFolder(folder);
  const name = 'reloads survived in a 96 MB heap';
  return { case: name, unit: '', values: [survived], goal: atLeast(count, 'reloads') };
}

async function importedAgain(context: BenchContext, count: number): Promise<Finding> {
  const folder = context.scope.makeFolder();
  const file = join(folder, 'reloaded.mjs');
  await using child = await startChild<ImportCommands>(context, 'peers/import-versions.ts', { flags: [smallHeap] });
  const survived = await countSurvived(
    { count, exited: child.exited, reload: (from) => child.call('reload', { file, from, count: step }, limitMs) },
    (done) => context.progress(`reload-10k: ${done} of ${count}, import('x?v=n') in 96 MB`),
  );
  context.scope.removeFolder(folder);
  const note = survived < count ? 'then out of memory' : `not tried beyond ${count}`;
  return { case: "import('x?v=n'), reloads survived in a 96 MB heap", unit: '', values: [survived], note };
}

interface Reloading {
  readonly count: number;
  readonly reload: (from: number) => Promise<unknown>;
  readonly exited: Promise<string>;
}

/** Asks for a hundred at a time: a process that ran out of memory can say nothing more. */
async function countSurvived({ count, reload, exited }: Reloading, progress: (done: number) => void): Promise<number> {
  let isGone = false;
  void exited.then(() => (isGone = true));
  for (let done = 0; done < count; done += step) {
    progress(done);
    try {
      await reload(1 + done);
    } catch (error) {
      if (isGone) return done;
      throw error;
    }
  }
  return count;
}
