import { fileURLToPath } from 'node:url';
import { createTestHost } from '@hotswap/sdk/testing';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('..', import.meta.url));
const visitsFolder = fileURLToPath(new URL('../../visits', import.meta.url));

test('shows the pages that the visits plugin counted, also after that one was swapped', async () => {
  await using host = await createTestHost(visitsFolder);
  await host.runtime.load(folder);
  const popular = async () => (await host.fetch('/popular')).text();
  expect(await popular()).toBe('no page was visited yet: POST /visits/some-page\n');
  for (const page of ['about', 'home', 'home']) await host.fetch(`/visits/${page}`, { method: 'POST' });
  expect(await popular()).toBe('1. home (2)\n2. about (1)\n');
  await host.runtime.reload('visits');
  expect(await popular()).toBe('1. home (2)\n2. about (1)\n');
});

test('does not start without the plugin it depends on', async () => {
  await expect(createTestHost(folder)).rejects.toMatchObject({ code: 'DEPENDENCY_INACTIVE' });
});
