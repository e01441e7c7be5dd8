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
  test: (name) => `import { createTestHost } from '@hotswap/sdk/testing';
import { expect, test } from 'vitest';
import plugin from './index.ts';

test('marks every answer that passes through', async () => {
  const host = await createTestHost(plugin, { config: { header: 'x-served-by' } });
  const response = await host.fetch('/any/path');
  expect(response.headers.get('x-served-by')).toBe('${name}');
  await host.close();
});
`,
};
