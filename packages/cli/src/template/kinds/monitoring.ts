import type { PluginKind } from '../plugin-kind.ts';

export const monitoring: PluginKind = {
  summary: 'Measures what is served and shows it.',
  source: (name) => {
    const series = name.replace(/^@[^/]*\//, '').replaceAll('-', '_');
    return `import { definePlugin } from '@hotswap/sdk';

export default definePlugin({
  start(ctx) {
    const byStatus = new Map<string, number>();
    const answers = ctx.metrics.counter('${series}_answers_total', { help: 'Answers by status.', labels: ['status'] });

    ctx.http.onResponse({ paths: ['/*'] }, (head) => {
      const status = String(head.status);
      byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
      answers.add(1, { status });
    });
    ctx.http.get('/${name}/answers', () => Response.json(Object.fromEntries(byStatus)));
    ctx.tasks.every('1m', 'report answers', async () => {
      ctx.log.info(Object.fromEntries(byStatus), 'answers counted');
    });
  },
});
`;
  },
  test: (name) => `import { createTestHost } from '@hotswap/sdk/testing';
import { expect, test } from 'vitest';
import plugin from './index.ts';

test('counts answers by their status', async () => {
  const host = await createTestHost(plugin);
  await host.fetch('/${name}/answers');
  const counted = await (await host.fetch('/${name}/answers')).json();
  expect(counted).toEqual({ 200: 1 });
  await host.close();
});
`,
};
