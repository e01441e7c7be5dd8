import type { BenchContext, BenchRow } from '../../bench-row.ts';
import { startChild } from '../../bounded-child.ts';
import type { ProcessCase, ProcessCommands } from '../../children/confined/processes.ts';
import { atLeastTimes, atMostTimes, type Finding, type Goal, interleave } from '../../measure.ts';
import { echoingPlugin, writePlugin } from '../../plugin-texts.ts';

const names = ['raw socket', 'child IPC', 'HTTP over a socket', 'grpc-js', 'Connect', 'sandbox'] as const;
const streaming = ['raw socket', 'sandbox'] as const;

export const callSandbox: BenchRow = {
  id: 'call-sandbox',
  question: 'What does a call into a confined process cost, beside bytes through a socket to a bare one and back?',
  goal: 'p50 <= 1.15x raw echo at one in flight, 64 KB <= 1.5x, one core; 64 in flight >= 2x, 1 MB streams >= 0.8x, two cores',
  async run(context) {
    const one = await measured(context, 0, names, (child, index, ms) =>
      child.call('latency', { index, ms, length: 100 }),
    );
    const large = await measured(context, 0, names, (child, index, ms) =>
      child.call('latency', { index, ms, length: 65_536 }),
    );
    const many = await measured(context, undefined, names, (child, index, ms) =>
      child.call('throughput', { index, ms }),
    );
    const streams = await measured(context, undefined, streaming, (child, index, ms) =>
      child.call('streaming', { index, ms }),
    );
    return [
      ...findings(one, 'one in flight, p50', 'us', atMostTimes(1.15, 'raw socket')),
      ...findings(large, '64 KB, one in flight, p50', 'us', atMostTimes(1.5, 'raw socket')),
      ...findings(many, '64 in flight', 'calls/s', atLeastTimes(2, 'raw socket')),
      ...findings(streams, 'streams of 1 MB there and back', 'MB/s', atLeastTimes(0.8, 'raw socket')),
    ];
  },
};

type Child = Awaited<ReturnType<typeof startChild<ProcessCommands>>>;

/** Peers that are not installed have none. */
type Values = Readonly<Partial<Record<ProcessCase, readonly number[]>>>;

/** Latency is taken on one core: between two it depends on whether the other one sleeps. */
async function measured(
  context: BenchContext,
  core: 0 | undefined,
  wanted: readonly ProcessCase[],
  measure: (child: Child, index: number, ms: number) => Promise<number>,
): Promise<Values> {
  const folder = context.scope.makeFolder();
  const file = writePlugin(folder, { name: 'echo', version: '1.0.0', text: echoingPlugin() });
  await using child = await startChild<ProcessCommands>(
    context,
    'children/confined/processes.ts',
    core === undefined ? {} : { core },
  );
  await child.call('load', { file });
  const indices = new Map<ProcessCase, number>();
  for (const name of wanted) {
    const index = await child.call('open', { name, folder });
    if (index !== undefined) indices.set(name, index);
  }
  const ms = context.isQuick ? 100 : 700;
  const there = wanted.filter((name) => indices.has(name));
  const values = await interleave(context.isQuick ? 3 : 9, there, (name, round) => {
    context.progress(`call-sandbox: round ${round + 1}, ${name}`);
    return measure(child, indices.get(name) ?? 0, ms);
  });
  await child.stop();
  context.scope.removeFolder(folder);
  return values;
}

function findings(values: Values, what: string, unit: string, goal: Goal): Finding[] {
  const raw = { case: `raw socket, ${what}`, values: values['raw socket'] ?? [] };
  const isStream = unit === 'MB/s';
  const others = (isStream ? streaming : names).slice(1).map(
    (name): Finding => ({
      case: `${name}, ${what}`,
      unit,
      values: values[name] ?? [],
      against: raw,
      ...(values[name] === undefined && { note: 'not installed' }),
      ...(name === 'sandbox' && { goal }),
    }),
  );
  return [{ ...raw, unit }, ...others];
}
