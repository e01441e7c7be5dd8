import { afterAll, expect, it } from 'vitest';
import { createPool, type PluginUnderTest, startPlugin } from './fixtures/started-plugin.ts';

const pool = await createPool();
afterAll(() => pool.close());

const start = (body: string, parts: Partial<PluginUnderTest> = {}) => startPlugin(body, { pool, ...parts });

it('calls a method', async () => {
  const { call } = await start(`ctx.methods.handle('double', ({ data }) => data * 2)`);
  expect(await call('double', 21)).toBe(42);
});
