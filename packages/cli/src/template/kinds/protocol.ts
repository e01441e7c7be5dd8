import type { PluginKind } from '../plugin-kind.ts';

export const protocol: PluginKind = {
  summary: 'Answers requests on routes of its own.',
  config: { type: 'object', properties: { greeting: { type: 'string', default: 'hello' } } },
  source: (name) => `import { definePlugin } from '@hotswap/sdk';

interface Config {
  readonly greeting: string;
}

export default definePlugin<Config>({
  start(ctx) {
    ctx.http.get('/${name}/:who', (_request, { params }) => new Response(\`\${ctx.config.greeting} \${params['who']}\`));
  },
});
`,
  test: (name) => `import { createTestHost } from '@hotswap/sdk/testing';
import { expect, test } from 'vitest';
import plugin from './index.ts';

test('greets whoever asks', async () => {
  const host = await createTestHost(plugin, { config: { greeting: 'good day' } });
  const response = await host.fetch('/${name}/ada');
  expect(await response.text()).toBe('good day ada');
  await host.close();
});
`,
};
