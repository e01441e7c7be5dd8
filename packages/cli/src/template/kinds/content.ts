import type { PluginKind } from '../plugin-kind.ts';

export const content: PluginKind = {
  summary: 'Checks and changes what is sent.',
  config: { type: 'object', properties: { words: { type: 'array', items: { type: 'string' }, default: [] } } },
  source: () => `import { definePlugin } from '@hotswap/sdk';

interface Config {
  /** Words that no text answer may hold. */
  readonly words: readonly string[];
}

export default definePlugin<Config>({
  start(ctx) {
    ctx.http.use({ paths: ['/*'], priority: 200 }, async (request, next) => {
      const response = await next(request);
      if (!response.headers.get('content-type')?.startsWith('text/')) return response;
      const headers = new Headers(response.headers);
      headers.delete('content-length');
      return new Response(masked(await response.text(), ctx.config.words), { status: response.status, headers });
    });
  },
});

/** The text with each of the words replaced by stars of the same number. */
export function masked(text: string, words: readonly string[]): string {
  return words.reduce((result, word) => result.replaceAll(word, '*'.repeat(word.length)), text);
}
`,
  test: () => `import { createTestHost } from '@hotswap/sdk/testing';
import { expect, test } from 'vitest';
import plugin, { masked } from './index.ts';

test('masks the words and nothing else', () => {
  expect(masked('a secret plan', ['secret'])).toBe('a ****** plan');
  expect(masked('a plan', ['secret'])).toBe('a plan');
});

test('starts with a list of words', async () => {
  const host = await createTestHost(plugin, { config: { words: ['secret'] } });
  await host.fetch('/');
  await host.close();
});
`,
};
