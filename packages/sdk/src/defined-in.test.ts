import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { definePlugin } from './define-plugin.ts';
import { definedIn } from './defined-in.ts';

it('notes the file that calls definePlugin, and nothing that shows', () => {
  const plugin = definePlugin({ start() {} });
  const here = import.meta.url.replace(/\?.*/, '');
  expect([here, fileURLToPath(here)]).toContain(definedIn(plugin));
  expect(Object.keys(plugin)).toEqual(['start']);
});

it('knows nothing of other objects, nor of stacks that are none', () => {
  expect(definedIn({ start() {} })).toBeUndefined();
  const { prepareStackTrace } = Error;
  Error.prepareStackTrace = () => ({ not: 'a text' });
  try {
    expect(definedIn(definePlugin({ start() {} }))).toBeUndefined();
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
  }
  expect(Error.stackTraceLimit).toBeGreaterThan(3);
});
