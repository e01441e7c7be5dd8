import { fileURLToPath } from 'node:url';
import { definePlugin } from '@hotswap/sdk';
import { createTestHost } from '@hotswap/sdk/testing';
import type { TestHost } from '@hotswap/sdk/testing';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('..', import.meta.url));

const page = definePlugin({
  start(ctx) {
    ctx.http.get('/plain', () => new Response('a page'));
    ctx.http.get('/own', () => new Response('a page', { headers: { 'referrer-policy': 'origin' } }));
  },
});

async function headersOf(host: TestHost, path: string): Promise<Headers> {
  const response = await host.fetch(path);
  // An answer that nobody reads is still under way, and closing the host would wait for it.
  await response.text();
  return response.headers;
}

test('adds headers to the answers of other plugins, but never over their own', async () => {
  await using host = await createTestHost(folder);
  await host.runtime.load({ name: 'page', definition: page });
  const plain = await headersOf(host, '/plain');
  expect(plain.get('x-content-type-options')).toBe('nosniff');
  expect(plain.get('content-security-policy')).toContain("default-src 'none'");
  expect((await headersOf(host, '/own')).get('referrer-policy')).toBe('origin');
});

test('adds what its config names', async () => {
  await using host = await createTestHost(folder, { config: { headers: { 'x-frame-options': 'DENY' } } });
  await host.runtime.load({ name: 'page', definition: page });
  const headers = await headersOf(host, '/plain');
  expect(headers.get('x-frame-options')).toBe('DENY');
  expect(headers.get('x-content-type-options')).toBeNull();
});
