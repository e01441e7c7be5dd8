import type { PluginKind } from '../plugin-kind.ts';

export const storage: PluginKind = {
  summary: 'Keeps values for clients and for other plugins.',
  config: { type: 'object', properties: { maxLength: { type: 'integer', minimum: 1, default: 65536 } } },
  source: (name) => `import { definePlugin, defineService, method } from '@hotswap/sdk';

interface Config {
  readonly maxLength: number;
}

/** For other plugins: \`const value = await ctx.use(store).get({ key })\`. */
export const store = defineService('${name}', {
  get: method<{ key: string }, string | undefined>(),
  put: method<{ key: string; value: string }, void>(),
});

export default definePlugin<Config>({
  start(ctx) {
    const get = (key: string) => ctx.storage.get<string>(key);
    const put = async (key: string, value: string) => {
      if (value.length > ctx.config.maxLength) throw new RangeError(\`a value may have \${ctx.config.maxLength} characters\`);
      await ctx.storage.set(key, value);
    };

    ctx.provide(store, { get: ({ key }) => get(key), put: ({ key, value }) => put(key, value) });
    ctx.http.get('/${name}/:key', async (_request, { params }) => {
      const value = await get(params['key'] ?? '');
      return value === undefined ? new Response('no such key', { status: 404 }) : new Response(value);
    });
    ctx.http.put('/${name}/:key', async (request, { params }) => {
      const value = await request.text();
      if (value.length > ctx.config.maxLength) return new Response('the value is too long', { status: 413 });
      await put(params['key'] ?? '', value);
      return new Response(null, { status: 204 });
    });
  },
});
`,
  test: (name) => `import { createTestHost } from '@hotswap/sdk/testing';
import { expect, test } from 'vitest';
import plugin from './index.ts';

test('gives back what was put under a key', async () => {
  const host = await createTestHost(plugin, { config: { maxLength: 5 } });
  expect((await host.fetch('/${name}/a')).status).toBe(404);
  expect((await host.fetch('/${name}/a', { method: 'PUT', body: 'hello' })).status).toBe(204);
  expect(await (await host.fetch('/${name}/a')).text()).toBe('hello');
  expect((await host.fetch('/${name}/a', { method: 'PUT', body: 'too long' })).status).toBe(413);
  await host.close();
});
`,
};
