import type { BenchContext, BenchRow } from '../../bench-row.ts';
import { placement, startChild } from '../../bounded-child.ts';
import type { Framework, HttpInMemoryCommands } from '../../children/http-in-memory.ts';
import type { ServerKind } from '../../children/http-server.ts';
import { type Throughput, throughputOf } from '../../http-bench.ts';
import { atMostTimes, type Finding, interleave } from '../../measure.ts';
import { guardedPlugin, helloPlugin, writePlugin } from '../../plugin-texts.ts';

const baseline = 'Fastify';

export const httpPlugin: BenchRow = {
  id: 'http-plugin',
  question: 'What does a request through one plugin middleware and one plugin route cost?',
  goal: '<= 3 % more than bare Fastify, whose handler answers the same',
  async run(context) {
    const folder = context.scope.makeFolder();
    const guarded = writePlugin(folder, { name: 'guarded', version: '1.0.0', text: guardedPlugin() });
    const plain = writePlugin(folder, { name: 'plain', version: '1.0.0', text: helloPlugin('1') });
    const cases: Readonly<Record<string, { readonly kind: ServerKind; readonly plugins: readonly string[] }>> = {
      [baseline]: { kind: 'Fastify', plugins: [] },
      'node:http': { kind: 'node:http', plugins: [] },
      'Fastify, 1 hook': { kind: 'Fastify, 1 hook', plugins: [] },
      'Fastify, 1 async hook': { kind: 'Fastify, 1 async hook', plugins: [] },
      'HotSwap, route': { kind: 'HotSwap on node:http', plugins: [plain] },
      'HotSwap, middleware + route': { kind: 'HotSwap on node:http', plugins: [guarded] },
      'HotSwap in Fastify, middleware + route': { kind: 'HotSwap in Fastify', plugins: [guarded] },
    };
    const isKept = (name: string): boolean => !name.includes('1 ') && !name.includes('in Fastify');
    const names = Object.keys(cases).filter((name) => !context.isQuick || isKept(name));
    const span = context.isQuick ? { warmRequests: 1_500, ms: 300 } : { warmRequests: 40_000, ms: 2_000 };
    const got: Record<string, Throughput[]> = {};
    for (let round = 0; round < (context.isQuick ? 1 : 5); round++) {
      for (const name of round % 2 === 0 ? names : names.toReversed()) {
        context.progress(`http-plugin: round ${round + 1}, ${name}`);
        const served = cases[name] ?? { kind: 'node:http', plugins: [] };
        (got[name] ??= []).push(await throughputOf(context, served, span));
      }
    }
    const alone = await inMemory(context, { plain, guarded });
    context.scope.removeFolder(folder);
    const valuesOf = (name: string, field: keyof Throughput) => (got[name] ?? []).map((each) => each[field]);
    const found = (field: keyof Throughput, unit: string): Finding[] =>
      names.map((name) => ({
        case: name,
        unit,
        values: valuesOf(name, field),
        ...(name === baseline ? {} : { against: { case: baseline, values: valuesOf(baseline, field) } }),
      }));
    const judged = (finding: Finding): Finding =>
      finding.case === 'HotSwap, middleware + route' ? { ...finding, goal: atMostTimes(1.03, baseline) } : finding;
    return [
      ...found('cpuMicroseconds', 'us of the server for a request').map(judged),
      ...alone,
      ...found('requestsPerSecond', 'requests/s').map((finding) => ({ ...finding, note: placement })),
    ];
  },
};

/** The frameworks' own part, which the noise of sockets and of other processes cannot hide. */
async function inMemory(
  context: BenchContext,
  plugins: { readonly plain: string; readonly guarded: string },
): Promise<Finding[]> {
  const cases: Readonly<Record<string, { readonly framework: Framework; readonly plugin: string }>> = {
    [baseline]: { framework: 'Fastify', plugin: '' },
    'node:http': { framework: 'node:http', plugin: '' },
    'HotSwap, route': { framework: 'HotSwap', plugin: plugins.plain },
    'HotSwap, middleware + route': { framework: 'HotSwap', plugin: plugins.guarded },
  };
  const times = await interleave(context.isQuick ? 1 : 5, Object.keys(cases), async (name, round) => {
    context.progress(`http-plugin: without sockets, round ${round + 1}, ${name}`);
    const { framework, plugin } = cases[name] ?? { framework: 'node:http', plugin: '' };
    await using child = await startChild<HttpInMemoryCommands>(context, 'children/http-in-memory.ts', { core: 0 });
    return await child.call('time', { framework, plugin, ms: context.isQuick ? 80 : 700 });
  });
  const fastify = { case: `${baseline}, without sockets`, values: times[baseline] ?? [] };
  return Object.keys(cases).map((name) => ({
    case: `${name}, without sockets`,
    unit: 'us for a request',
    values: times[name] ?? [],
    ...(name === baseline ? {} : { against: fastify }),
  }));
}
