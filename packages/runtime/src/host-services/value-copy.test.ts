import { describe, expect, it } from 'vitest';
import { copyValue } from './value-copy.ts';

describe('a copied value', () => {
  it('is equal, other, and frozen all the way down', () => {
    const value = { list: [{ n: 1 }], map: new Map([['k', { n: 2 }]]), bytes: Uint8Array.of(1) };
    const copy = copyValue(value, 'input');
    expect(copy).toEqual(value);
    expect(copy.list[0]).not.toBe(value.list[0]);
    expect(Object.isFrozen(copy.list[0])).toBe(true);
    expect(Object.isFrozen(copy.map.get('k'))).toBe(true);
    expect(Object.isFrozen(value)).toBe(false);
  });

  it('keeps its circles', () => {
    const value: { self?: unknown } = {};
    value.self = value;
    const copy = copyValue(value, 'input');
    expect(copy.self).toBe(copy);
  });

  it('moves the streams in it', async () => {
    const { body } = copyValue({ body: new Blob(['text']).stream() }, 'input');
    expect(await new Response(body).text()).toBe('text');
  });

  it.each([
    [() => 1, 'input'],
    [{ a: [0, Symbol('s')] }, 'input.a[1]'],
    [new Map([['key', { run: () => 1 }]]), 'input.get(key).run'],
    [new Set([() => 1]), 'input.member'],
    [{ stream: new Blob(['x']).stream(), work: () => 1 }, 'input.work'],
  ])('that cannot be made is refused with the place of the trouble: %#', (value, path) => {
    expect(() => copyValue(value, 'input')).toThrow(
      expect.objectContaining({ code: 'VALUE_NOT_CLONEABLE', details: expect.objectContaining({ path }) }),
    );
  });

  it('that cannot be made is named inside a circle too', () => {
    const value: Record<string, unknown> = { deep: { work: () => 1 } };
    value['self'] = value;
    expect(() => copyValue(value, 'input')).toThrow(/input\.deep\.work/);
  });
});
