import type { PluginKind } from '../plugin-kind.ts';

export const ratelimit: PluginKind = {
  summary: 'Refuses clients that ask too often.',
  config: {
    type: 'object',
    properties: {
      limit: { type: 'integer', minimum: 1, default: 100 },
      windowSeconds: { type: 'integer', minimum: 1, default: 60 },
    },
  },
  source: () => `import { definePlugin } from '@hotswap/sdk';

interface Config {
  readonly limit: number;
  readonly windowSeconds: number;
}

export default definePlugin<Config>({
  start(ctx) {
    const { limit, windowSeconds } = ctx.config;
    const counts = new Map<string, number>();
    let windowEnd = 0;

    ctx.http.use({ paths: ['/*'], priority: 10 }, (request, next) => {
      const now = ctx.clock.now();
      if (now >= windowEnd) {
        counts.clear();
        windowEnd = now + windowSeconds * 1_000;
      }
      const client = request.headers.get('x-forwarded-for') ?? 'unknown';
      const count = (counts.get(client) ?? 0) + 1;
      counts.set(client, count);
      if (count <= limit) return next(request);
      const retryAfter = String(Math.ceil((windowEnd - now) / 1_000));
      return new Response('too many requests', { status: 429, headers: { 'retry-after': retryAfter } });
    });
  },
});
`,
  test: () => `import { createTestHost } from '@hotswap/sdk/testing';
import { expect, test } from 'vitest';
import plugin from './index.ts';

test('refuses a client past its limit and says when to come back', async () => {
  const host = await createTestHost(plugin, { config: { limit: 2, windowSeconds: 60 } });
  await host.fetch('/');
  await host.fetch('/');
  const refused = await host.fetch('/');
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  await host.close();
});
`,
};
