import { setTimeout as wait } from 'node:timers/promises';
import type { BenchContext, BenchRow } from '../../bench-row.ts';
import { startChild } from '../../bounded-child.ts';
import { type LoadChild, startLoad, startServer, windowOf } from '../../http-bench.ts';
import type { LoadWindow } from '../../http-load.ts';
import { atMost, atMostTimes, below, exactly, type Finding } from '../../measure.ts';
import type { ClusterCommands, Replacement } from '../../peers/cluster-server.ts';
import { helloPlugin, withBallast, writePlugin } from '../../plugin-texts.ts';

interface Plan {
  readonly rate: number;
  /** How many changes; each has a second of its own, and a steady second before it. */
  readonly changes: number;
  readonly peerChanges: number;
}

/** One change under load: the second before it, and the second in which it happened. */
interface ChangeUnderLoad {
  readonly steady: LoadWindow;
  readonly during: LoadWindow;
  readonly ms: number;
}

interface SwapUnderLoad extends ChangeUnderLoad {
  readonly publishMicroseconds: number;
  readonly steadyStallMs: number;
  readonly stallMs: number;
}

const load = 'steady';
const bundleBytes = 1_000_000;

export const swapOverlap: BenchRow = {
  id: 'swap-overlap',
  question: 'What do requests notice of a swap of a 1 MB plugin at level basic?',
  goal: '0 failed of 1,000,000; verb to publish < 50 ms; p99 <= 1.1x steady; stall <= 10 ms; publish < 10 us',
  async run(context) {
    const plan = context.isQuick
      ? { rate: 10_000, changes: 1, peerChanges: 1 }
      : { rate: 12_000, changes: 42, peerChanges: 5 };
    const swaps = await swapsUnderLoad(context, plan);
    const peers = [
      await replacementsUnderLoad(context, plan, 'fork, then drain'),
      await replacementsUnderLoad(context, plan, 'kill, then fork'),
    ];
    return [...findingsOfSwaps(swaps), ...peers.flat()];
  },
};

async function swapsUnderLoad(context: BenchContext, { rate, changes }: Plan): Promise<SwapUnderLoad[]> {
  const folder = context.scope.makeFolder();
  const versions = ['1.0.0', '2.0.0'].map((version) =>
    writePlugin(folder, { name: 'big', version, text: withBallast(helloPlugin(version), bundleBytes, version) }),
  );
  const sourceOf = (index: number): string => versions[index % versions.length] ?? '';
  const { child, port } = await startServer(context, { kind: 'HotSwap on node:http', plugins: [sourceOf(0)] });
  await using server = child;
  await using client = await startLoad(context);
  await client.call('start', { name: load, options: { port, path: '/hello', connections: 32, rate } });
  // Warm: both versions were loaded once, as a server has done that swaps from day to day.
  for (const index of [1, 0]) await server.call('swap', { plugin: 'big', source: sourceOf(index) });
  await wait(context.isQuick ? 500 : 3_000);
  const swaps: SwapUnderLoad[] = [];
  for (let index = 1; index <= changes; index++) {
    context.progress(`swap-overlap: swap ${index} of ${changes} under ${rate} requests/s`);
    await server.call('stall', undefined);
    const steady = await windowOf(client, load, 1_000);
    const steadyStallMs = await server.call('stall', undefined);
    const swapping = server.call('swap', { plugin: 'big', source: sourceOf(index) });
    const during = await windowOf(client, load, 1_000);
    const { ms, publishMs } = await swapping;
    const stallMs = await server.call('stall', undefined);
    swaps.push({ steady, during, ms, publishMicroseconds: publishMs * 1_000, steadyStallMs, stallMs });
  }
  await client.call('stop', { name: load });
  context.scope.removeFolder(folder);
  return swaps;
}

function findingsOfSwaps(swaps: readonly SwapUnderLoad[]): Finding[] {
  const { failed, all } = totalOf(swaps);
  const steadyP99 = { case: 'steady', values: swaps.map(({ steady }) => steady.p99 / 1_000) };
  const steadyStall = { case: 'steady', values: swaps.map(({ steadyStallMs }) => steadyStallMs) };
  return [
    {
      case: 'failed requests',
      unit: '',
      values: [failed],
      goal: exactly(0, 'failed'),
      note: `of ${all.toLocaleString('en')}`,
    },
    { case: 'verb to publish, warm', unit: 'ms', values: swaps.map(({ ms }) => ms), goal: below(50, 'ms') },
    { case: 'publish step', unit: 'us', values: swaps.map((each) => each.publishMicroseconds), goal: below(10, 'us') },
    { ...steadyP99, unit: 'ms', case: 'p99 in a steady second' },
    {
      case: 'p99 in the swap second',
      unit: 'ms',
      values: swaps.map(({ during }) => during.p99 / 1_000),
      against: steadyP99,
      goal: atMostTimes(1.1, 'steady'),
    },
    { ...steadyStall, unit: 'ms', case: 'longest loop stall, steady second' },
    {
      case: 'longest loop stall, swap second',
      unit: 'ms',
      values: swaps.map(({ stallMs }) => stallMs),
      against: steadyStall,
      goal: atMost(10, 'ms'),
    },
  ];
}

async function replacementsUnderLoad(context: BenchContext, plan: Plan, kind: Replacement): Promise<Finding[]> {
  await using server = await startChild<ClusterCommands>(context, 'peers/cluster-server.ts', { core: 0 });
  const port = await server.call('start', undefined as never);
  await using client = await startLoad(context);
  await client.call('start', { name: load, options: { port, path: '/hello', connections: 32, rate: plan.rate } });
  await wait(context.isQuick ? 500 : 2_000);
  const changes: ChangeUnderLoad[] = [];
  for (let index = 1; index <= plan.peerChanges; index++) {
    context.progress(`swap-overlap: node:cluster, ${kind}, ${index} of ${plan.peerChanges}`);
    changes.push(await changeUnderLoad(client, () => server.call('replace', kind)));
  }
  await client.call('stop', { name: load });
  const { failed, all } = totalOf(changes);
  const peer = `node:cluster, ${kind}`;
  return [
    {
      case: `${peer}: failed for each change`,
      unit: '',
      values: [failed / changes.length],
      note: `of ${all.toLocaleString('en')}`,
    },
    { case: `${peer}: time`, unit: 'ms', values: changes.map(({ ms }) => ms) },
    {
      case: `${peer}: p99 in that second`,
      unit: 'ms',
      values: changes.map(({ during }) => during.p99 / 1_000),
      against: { case: 'steady', values: changes.map(({ steady }) => steady.p99 / 1_000) },
    },
  ];
}

async function changeUnderLoad(client: LoadChild, change: () => Promise<number>): Promise<ChangeUnderLoad> {
  const steady = await windowOf(client, load, 1_000);
  const changing = change();
  const during = await windowOf(client, load, 1_000);
  return { steady, during, ms: await changing };
}

function totalOf(changes: readonly ChangeUnderLoad[]): { readonly failed: number; readonly all: number } {
  const windows = changes.flatMap(({ steady, during }) => [steady, during]);
  const failed = windows.reduce((sum, window) => sum + window.failed, 0);
  return { failed, all: windows.reduce((sum, window) => sum + window.ok, failed) };
}
