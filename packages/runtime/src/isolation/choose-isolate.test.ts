import type { PluginManifest } from '@hotswap/protocol';
import { expect, it } from 'vitest';
import { chooseIsolate, isolationLevelOf } from './choose-isolate.ts';
import { InProcessIsolate } from './in-process-isolate.ts';

const manifest: PluginManifest = { name: 'a', version: '1.0.0', description: '', main: 'x', engines: { hotswap: '*' } };

it('is what the operator set, else what the plugin asks for, else basic', () => {
  expect(isolationLevelOf({ ...manifest, isolation: 'strict' }, 'none')).toBe('none');
  expect(isolationLevelOf({ ...manifest, isolation: 'strict' }, undefined)).toBe('strict');
  expect(isolationLevelOf(manifest, undefined)).toBe('basic');
});

it('refuses a level that is not to be had, and never falls back to a weaker one', () => {
  const factories = { basic: () => new InProcessIsolate('basic') };
  expect(chooseIsolate('a', 'basic', factories)().level).toBe('basic');
  expect(() => chooseIsolate('a', 'sandbox', factories)).toThrow(
    expect.objectContaining({
      code: 'ISOLATION_UNAVAILABLE',
      details: { plugin: 'a', level: 'sandbox', available: 'basic' },
    }),
  );
});

it('ends once, however often it is asked to', async () => {
  const isolate = new InProcessIsolate('none');
  const { signal } = new AbortController();
  expect(isolate.stop(new Error('one'), signal)).toBe(isolate.stop(new Error('two'), signal));
});
