import type { BenchContext, BenchRow } from '../../bench-row.ts';
import { startChild } from '../../bounded-child.ts';
import type { GrpcCommands } from '../../children/confined/grpc-calls.ts';
import { atMostTimes, type Finding, interleave } from '../../measure.ts';

const names = ['bare grpc-js', 'grpc plugin'] as const;

export const callGrpc: BenchRow = {
  id: 'call-grpc',
  question: 'What does a call of a plugin over gRPC cost, beside bare grpc-js on both sides?',
  goal: 'p50 <= 1.1x bare grpc-js at one in flight',
  async run(context) {
    const { latency, throughput } = await measured(context);
    return [...findings(latency, 'one in flight, p50', 'us'), ...findings(throughput, '64 in flight', 'calls/s')];
  },
};

type Values = Readonly<Record<string, readonly number[]>>;

async function measured(context: BenchContext): Promise<{ readonly latency: Values; readonly throughput: Values }> {
  const folder = context.scope.makeFolder();
  await using child = await startChild<GrpcCommands>(context, 'children/confined/grpc-calls.ts', {});
  await child.call('open', { folder });
  const ms = context.isQuick ? 150 : 700;
  const rounds = context.isQuick ? 3 : 7;
  const values: Record<'latency' | 'throughput', Values> = { latency: {}, throughput: {} };
  for (const what of ['latency', 'throughput'] as const) {
    // The first round warms both up, and does not count.
    const all = await interleave(rounds + 1, names, (name, round) => {
      context.progress(`call-grpc: ${what}, round ${round}, ${name}`);
      return child.call(what, { name, ms });
    });
    values[what] = Object.fromEntries(Object.entries(all).map(([name, list]) => [name, list.slice(1)]));
  }
  await child.stop();
  context.scope.removeFolder(folder);
  return values;
}

function findings(values: Values, what: string, unit: string): Finding[] {
  const bare = { case: `bare grpc-js, ${what}`, values: values['bare grpc-js'] ?? [] };
  const isLatency = unit === 'us';
  const ours: Finding = {
    case: `grpc plugin, ${what}`,
    unit,
    values: values['grpc plugin'] ?? [],
    against: bare,
    ...(isLatency && { goal: atMostTimes(1.1, 'bare grpc-js') }),
  };
  return [{ ...bare, unit }, ours];
}
