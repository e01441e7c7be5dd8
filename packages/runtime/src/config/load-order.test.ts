import { describe, expect, it } from 'vitest';
import { startOrder } from './load-order.ts';
import type { OrderedPlugin } from './load-order.ts';

const plugin = (name: string, kinds: readonly string[] = [], dependencies: readonly string[] = []): OrderedPlugin => ({
  name,
  kinds,
  dependencies,
});

describe('loadOrder', () => {
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
