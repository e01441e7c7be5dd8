import type { PluginKind } from '../plugin-kind.ts';

export const core: PluginKind = {
  summary: 'Works behind the scenes: events, tasks and services.',
  config: { type: 'object', properties: { interval: { type: 'string', default: '1h' } } },
  source: (name) => `import { definePlugin } from '@hotswap/sdk';

interface Config {
  readonly interval: string;
}

export default definePlugin<Config>({
  start(ctx) {
    let runs = 0;

    ctx.events.on('key.added', (event) => ctx.log.info({ source: event.source }, 'key added'));
    ctx.tasks.every(ctx.config.interval, 'tidy up', async () => {
      runs += 1;
      await ctx.storage.set('runs', runs);
    });
    ctx.methods.handle('runs', () => ({ runs }));
    ctx.http.get('/${name}/runs', () => Response.json({ runs }));
    return { health: () => 'healthy' };
  },
});
`,
  test: (name) => `import { createTestHost } from '@hotswap/sdk/testing';
import { expect, test } from 'vitest';
import plugin from './index.ts';

test('starts with nothing done', async () => {
  const host = await createTestHost(plugin, { config: { interval: '1h' } });
  expect(await (await host.fetch('/${name}/runs')).json()).toEqual({ runs: 0 });
  await host.close();
});
`,
};
