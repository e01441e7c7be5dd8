import { describe, expect, it } from 'vitest';
import { loadOrderProblems, startOrder } from './load-order.ts';
import type { OrderedPlugin } from './load-order.ts';
import { parseRuntimeConfig } from './runtime-config.ts';

const plugin = (name: string, kinds: readonly string[] = [], dependencies: readonly string[] = []): OrderedPlugin => ({
  name,
  kinds,
  dependencies,
});

describe('loadOrder', () => {
  it('may name plugins and kinds; anything else is reported with its place', () => {
    const text = '[plugins]\nloadOrder = ["security", "storage", "geo",\n  "metircs"]';
    const parsed = parseRuntimeConfig(text, { format: 'toml', file: 'h.toml', cwd: '/' });
    expect(
      loadOrderProblems(parsed, [plugin('geo'), plugin('guard', ['security']), plugin('metrics')], ['storage']),
    ).toEqual([
      {
        path: 'plugins.loadOrder[3]',
        message: 'names "metircs", which is neither a plugin nor a kind; did you mean metrics?',
        line: 3,
        column: 3,
      },
    ]);
  });

  it('decides who starts first, a kind standing for all its plugins by name', () => {
    const plugins = [plugin('a'), plugin('guard-b', ['security']), plugin('guard-a', ['security']), plugin('geo')];
    expect(startOrder(plugins, ['geo', 'security'])).toEqual(['geo', 'guard-a', 'guard-b', 'a']);
  });

  it('never puts a plugin before what it needs', () => {
    const plugins = [plugin('a', [], ['z']), plugin('z', [], ['m', 'absent']), plugin('m')];
    expect(startOrder(plugins, ['a'])).toEqual(['m', 'z', 'a']);
  });

  it('ends on a cycle', () => {
    expect(startOrder([plugin('a', [], ['b']), plugin('b', [], ['a'])], [])).toEqual(['b', 'a']);
  });
});
