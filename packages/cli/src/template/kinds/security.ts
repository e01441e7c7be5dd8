import type { PluginKind } from '../plugin-kind.ts';

export const security: PluginKind = {
  summary: 'Lets only callers with the right key through.',
  config: {
    type: 'object',
    required: ['apiKey'],
    properties: { apiKey: { type: 'string', minLength: 16, secret: true } },
  },
  source: () => `import { timingSafeEqual } from 'node:crypto';
import { definePlugin } from '@hotswap/sdk';

interface Config {
  readonly apiKey: string;
}

export default definePlugin<Config>({
  start(ctx) {
    // A hook sees heads only: bodies of requests are never moved through this plugin.
    ctx.http.onRequest({ paths: ['/*'], priority: 1 }, (head) => {
      if (isSame(head.headers.get('x-api-key') ?? '', ctx.config.apiKey)) return;
      return new Response('a valid x-api-key is needed', { status: 401 });
    });
  },
});

/** Takes the same time wherever the two differ. */
function isSame(given: string, wanted: string): boolean {
  const [left, right] = [Buffer.from(given), Buffer.from(wanted)];
  return left.length === right.length && timingSafeEqual(left, right);
}
`,
  test: () => `import { createTestHost } from '@hotswap/sdk/testing';
import { expect, test } from 'vitest';
import plugin from './index.ts';

const apiKey = 'a-key-for-this-test';

test('turns away a caller without the key', async () => {
  const host = await createTestHost(plugin, { config: { apiKey } });
  expect((await host.fetch('/')).status).toBe(401);
  expect((await host.fetch('/', { headers: { 'x-api-key': apiKey } })).status).not.toBe(401);
  await host.close();
});
`,
};
