import type { PluginKind } from '../plugin-kind.ts';

export const middleware: PluginKind = {
  summary: 'Stands in the way of requests and may change their answers.',
  config: { type: 'object', properties: { header: { type: 'string', default: 'x-served-by' } } },
  source: (name) => `import { definePlugin } from '@hotswap/sdk';

interface Config {
  readonly header: string;
}

export default definePlugin<Config>({
  start(ctx) {
    // Lower priorities run first. \`paths\` keeps other requests out of this plugin altogether.
    ctx.http.use({ paths: ['/*'], priority: 50 }, async (request, next) => {
      const response = await next(request);
      response.headers.set(ctx.config.header, '${name}');
      return response;
    });
  },
});
`,
  test: (name) => `import { definePlugin } from '@hotswap/sdk';
import { createTestHost } from '@hotswap/sdk/testing';
import { expect, test } from 'vitest';
import plugin from './index.ts';

const page = definePlugin({ start: (ctx) => ctx.http.get('/page', () => new Response('a page')) });

test('marks the answers of other plugins', async () => {
  const host = await createTestHost(plugin, { config: { header: 'x-served-by' } });
  await host.runtime.load({ name: 'page', definition: page });
  const response = await host.fetch('/page');
  expect(response.headers.get('x-served-by')).toBe('${name}');
  expect(await response.text()).toBe('a page');
  await host.close();
});
`,
};
