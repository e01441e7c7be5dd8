import { fileURLToPath } from 'node:url';
import { createTestHost } from '@hotswap/sdk/testing';
import type { TestHost } from '@hotswap/sdk/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { visitsService } from './visits-service.ts';

let host: TestHost;

beforeEach(async () => {
  host = await createTestHost(fileURLToPath(new URL('..', import.meta.url)));
});

afterEach(() => host.close());

async function visit(page: string): Promise<unknown> {
  return (await host.fetch(`/visits/${page}`, { method: 'POST' })).json();
}

test('counts visits by page', async () => {
  await visit('home');
  await visit('about');
  expect(await visit('home')).toEqual({ page: 'home', visits: 2 });
  expect(await (await host.fetch('/visits')).json()).toEqual([
    { page: 'home', visits: 2 },
    { page: 'about', visits: 1 },
  ]);
});

test('counts each of several visits at the same moment', async () => {
  await Promise.all([visit('home'), visit('home'), visit('home')]);
  expect(await visit('home')).toEqual({ page: 'home', visits: 4 });
});

test('keeps the counts through a swap', async () => {
  await visit('home');
  await host.runtime.reload(host.plugin);
  expect(await visit('home')).toEqual({ page: 'home', visits: 2 });
});

test('offers the most visited pages to other plugins', async () => {
  await visit('home');
  expect(await host.runtime.use(visitsService).top({ limit: 1 })).toEqual([{ page: 'home', visits: 1 }]);
});

test('shows a metric and the name of its task', async () => {
  await visit('home');
  expect(host.runtime.metrics()).toMatch(/visits_total\{.*\} 1/);
  expect(host.runtime.pluginStatus(host.plugin).tasks.join()).toContain('report the most visited page');
});

test('refuses a name that is no page', async () => {
  expect((await host.fetch('/visits/No%20Page', { method: 'POST' })).status).toBe(400);
});
