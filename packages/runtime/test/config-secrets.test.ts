import { definePlugin } from '@hotswap/sdk';
import { expect, test } from 'vitest';
import { createRuntime } from '../src/index.ts';
import { silentLog } from '../src/host-services/logging/silent-log.ts';

const log = { ...silentLog, child: () => log };
const manifest = {
  config: { type: 'object', properties: { apiKey: { type: 'string', secret: true }, label: { type: 'string' } } },
};
const definition = definePlugin<{ apiKey: string; label: string }>({
  start(ctx) {
    ctx.methods.handle('config', () => ctx.config);
  },
});

async function charger(config: Readonly<Record<string, unknown>>) {
  const runtime = await createRuntime({
    log,
    secrets: { 'charge-key': 'env:CHARGE_KEY' },
    environment: { CHARGE_KEY: 'sk-1' },
  }).start();
  const report = await runtime.load({ name: 'charger', definition, manifest }, { config });
  return { runtime, report };
}

test('a config that names a secret reaches the plugin with its value, and is shown without it', async () => {
  const { runtime } = await charger({ apiKey: 'secret:charge-key', label: 'secret:charge-key' });
  await using _ = runtime;
  // Only a part that the schema marks is resolved: elsewhere the value would be shown back.
  expect(await runtime.invoke('charger', 'config')).toEqual({ apiKey: 'sk-1', label: 'secret:charge-key' });
  expect(runtime.pluginConfig('charger')).toEqual({ apiKey: '********', label: 'secret:charge-key' });
});

test('a mask that is sent back keeps the secret by its name', async () => {
  const { runtime } = await charger({ apiKey: 'secret:charge-key' });
  await using _ = runtime;
  const report = await runtime.configure('charger', { apiKey: '********', label: 'new' });
  expect(report.outcome).toBe('swapped');
  expect(await runtime.invoke('charger', 'config')).toEqual({ apiKey: 'sk-1', label: 'new' });
});

test('a secret that the operator has not set is refused by its name', async () => {
  const { runtime, report } = await charger({ apiKey: 'secret:other' });
  await using _ = runtime;
  expect(report).toMatchObject({ outcome: 'failed', reason: { code: 'SECRET_UNKNOWN', details: { secret: 'other' } } });
});
