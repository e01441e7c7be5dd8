import { fileURLToPath } from 'node:url';
import { createTestHost } from '@hotswap/sdk/testing';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('..', import.meta.url));

test('greets with the default of its manifest', async () => {
  await using host = await createTestHost(folder);
  expect(await (await host.fetch('/hello/ada')).text()).toBe('hello ada\n');
});

test('greets with the word of its config, and with a new one after a change', async () => {
  await using host = await createTestHost(folder, { config: { greeting: 'hi' } });
  expect(await (await host.fetch('/hello/ada%20l.')).text()).toBe('hi ada l.\n');
  await host.runtime.configure(host.plugin, { greeting: 'good day' });
  expect(await (await host.fetch('/hello/ada')).text()).toBe('good day ada\n');
});

test('refuses a config that its schema does not allow, and names the field', async () => {
  await expect(createTestHost(folder, { config: { greeting: '' } })).rejects.toMatchObject({ code: 'CONFIG_REJECTED' });
});
