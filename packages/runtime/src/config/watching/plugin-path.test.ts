import { expect, test } from 'vitest';
import { pluginOfPath } from './plugin-path.ts';

test.each<[string, string | undefined]>([
  ['greeter-1.0.0.tgz', 'greeter-1.0.0.tgz'],
  ['greeter-1.0.0.tgz.dsse.json', 'greeter-1.0.0.tgz'],
  ['single.ts.dsse.json', 'single.ts'],
  ['greeter/hotswap.signature.json', 'greeter'],
  ['notes.dsse.json', undefined],
  ['package.json', undefined],
])('%s belongs to the plugin %s', (path, plugin) => {
  expect(pluginOfPath(path, (name) => name === 'greeter')).toBe(plugin);
});
