import { describe, expect, it } from 'vitest';
import { Callback, callbackOf, handleOf } from './callback.ts';
import { partsIn, putAt, withoutParts, withParts } from './value-parts.ts';

const stream = () => new Blob(['text']).stream();
const handle = () => handleOf(new Callback(async (input) => input));

describe('the parts of a value', () => {
  it('are found in plain objects and lists, four members deep, each once', () => {
    const shared = stream();
    const value = { a: [{ b: shared }, shared], onTick: handle(), deep: { er: { than: { that: stream() } } } };
    expect(partsIn(value, 'input').map(({ type, path }) => [type, path])).toEqual([
      ['stream', ['a', 0, 'b']],
      ['callback', ['onTick']],
      ['stream', ['deep', 'er', 'than', 'that']],
    ]);
    expect(partsIn({ a: { b: { c: { d: { e: stream() } } } } }, 'input')).toEqual([]);
    expect(partsIn(new Map([['a', stream()]]), 'input')).toEqual([]);
    expect(partsIn(stream(), 'input')).toMatchObject([{ path: [] }]);
  });

  it('are none where there is nothing but data, circles included', () => {
    const circle: Record<string, unknown> = { at: new Date(0), list: [1, null, undefined, 'a'] };
    circle['self'] = circle;
    expect(partsIn(circle, 'input')).toEqual([]);
    expect(partsIn('text', 'input')).toEqual([]);
    expect(withoutParts(circle, [])).toBe(circle);
  });

  it('leave the value they are taken out of as it was', () => {
    const body = stream();
    const value = { a: [{ body, b: 1 }], c: { d: 2 } };
    const plain = withoutParts(value, partsIn(value, 'input'));
    expect(plain).toEqual({ a: [{ body: null, b: 1 }], c: { d: 2 } });
    expect(value.a[0]?.body).toBe(body);
    expect(withParts(value, partsIn(value, 'input'), () => 7)).toMatchObject({ a: [{ body: 7 }] });
  });

  it('that cannot go anywhere are refused with their place', () => {
    const locked = stream();
    locked.getReader();
    expect(() => partsIn({ a: [() => 1] }, 'geo.locate input')).toThrow(
      expect.objectContaining({ code: 'CALLBACK_NEEDED', details: { path: 'geo.locate input.a[0]' } }),
    );
    expect(() => partsIn({ locked }, 'input')).toThrow(
      expect.objectContaining({
        code: 'VALUE_NOT_CLONEABLE',
        details: expect.objectContaining({ path: 'input.locked' }),
      }),
    );
    const gone = handle();
    gone.release();
    expect(() => partsIn({ gone }, 'input')).toThrow(expect.objectContaining({ code: 'CALLBACK_GONE' }));
  });
});

describe('a part that came', () => {
  it('is put only where something of the value is', () => {
    const value = { a: [null] };
    expect(putAt(value, ['a', 0], 7)?.value).toEqual({ a: [7] });
    expect(putAt(value, [], 7)?.value).toBe(7);
    expect(putAt(value, ['a', 1], 7)).toBeUndefined();
    expect(putAt(value, ['b', 'c'], 7)).toBeUndefined();
    expect(putAt(value, ['constructor', 'prototype'], 7)).toBeUndefined();
    expect(putAt(new Map(), ['size'], 7)).toBeUndefined();
  });

  it('changes no prototype, whatever its place is called', () => {
    const value: object = JSON.parse('{ "__proto__": null }');
    putAt(value, ['__proto__'], { isAdmin: true });
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(putAt({}, ['__proto__', 'isAdmin'], true)).toBeUndefined();
  });
});

describe('a callback', () => {
  it('has a bounded number of calls under way', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const callback = new Callback(() => promise);
    const running = Array.from({ length: 1_000 }, () => callback.call(1));
    await expect(callback.call(1)).rejects.toMatchObject({ code: 'CALLBACKS_EXCEEDED' });
    resolve();
    await Promise.all(running);
    await callback.call(1);
  });

  it('tells once that it has ended; a call under way goes on', async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const callback = new Callback(() => promise);
    let told = 0;
    callback.onEnd(() => void told++);
    callback.onEnd(() => void told++)();
    const running = callback.call(1);
    callback.end();
    callback.end();
    resolve(7);
    expect([told, await running]).toEqual([1, 7]);
    await expect(callback.call(1)).rejects.toMatchObject({ code: 'CALLBACK_GONE' });
    expect(callbackOf(() => {})).toBeUndefined();
  });
});
