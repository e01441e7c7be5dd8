import { describe, expect, expectTypeOf, it } from 'vitest';
import { extensionPoint } from '@hotswap/sdk';
import { ExtensionPoints } from './extension-points.ts';
import type { ExtensionAnswer } from './extension-points.ts';
import { silentLog } from './logging/silent-log.ts';

function setUp() {
  const points = new ExtensionPoints({ log: silentLog });
  const { rate } = points.extend({ rate: extensionPoint<string, number>() });
  const attach = (plugin: string, priority: number, handler: (input: unknown) => unknown, generation = 1) =>
    points.attach({ plugin, generation, point: 'rate', priority, handler });
  return { rate, attach };
}

describe('an extension point', () => {
  it('is typed as it was declared', () => {
    const { rate } = setUp();
    expectTypeOf(rate.run).parameter(0).toEqualTypeOf<string>();
    expectTypeOf(rate.run).returns.resolves.toEqualTypeOf<readonly ExtensionAnswer<number>[]>();
  });

  it('gives the answers by priority, then by plugin name', async () => {
    const { rate, attach } = setUp();
    attach('zebra', 100, () => 3);
    attach('ant', 100, async () => 2);
    attach('late', 200, () => 4);
    attach('first', 1, (input) => String(input).length);
    expect(rate.handlers).toBe(4);
    expect(await rate.run('x')).toEqual([
      { plugin: 'first', value: 1 },
      { plugin: 'ant', value: 2 },
      { plugin: 'zebra', value: 3 },
      { plugin: 'late', value: 4 },
    ]);
  });

  it('keeps the error of one handler apart from the answers of the others', async () => {
    const { rate, attach } = setUp();
    attach('a', 1, () => {
      throw new Error('broken');
    });
    attach('b', 2, () => 2);
    const [first, second] = await rate.run('x');
    expect(first).toEqual({ plugin: 'a', error: new Error('broken') });
    expect(second).toEqual({ plugin: 'b', value: 2 });
  });

  it('asks those that are attached when the run begins', async () => {
    const { rate, attach } = setUp();
    const detach = attach('a', 1, () => 1, 1);
    const run = rate.run('x');
    detach();
    attach('a', 1, () => 2, 2);
    expect(await run).toEqual([{ plugin: 'a', value: 1 }]);
    expect(await rate.run('x')).toEqual([{ plugin: 'a', value: 2 }]);
  });
});
