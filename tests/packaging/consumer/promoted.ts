// A plugin with state goes from a thread into a confined process and back, by the packed packages alone.
import { grpcDialect } from '@hotswap/polyglot';
import { createRuntime } from '@hotswap/runtime';
import { createSandbox, type LayerState } from '@hotswap/sandbox';

const { report } = await createSandbox();
const missing = report.filter(({ status }: LayerState) => status !== 'used');

await using runtime = await createRuntime({ plugins: './plugins-counter', dialects: [grpcDialect()] }).start();
const count = async (): Promise<number> =>
  Number(await (await runtime.fetch(new Request('http://host.test/count', { method: 'POST' }))).text());

const path: (readonly [string, string, number])[] = [];
for (const level of ['strict', 'sandbox', 'strict'] as const) {
  const { outcome } = await runtime.promote('counter', level);
  path.push([runtime.pluginStatus('counter').isolation, outcome, await count()]);
}
console.log(JSON.stringify({ missing, path }));
