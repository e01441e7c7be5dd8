import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RingBroken, RingDecoder, RingEncoder } from './ring-encoding.ts';

const slot = 248;

function pair(): (message: unknown) => { readonly length: number; readonly read: () => unknown } {
  const bytes = new Uint8Array(slot);
  const encoder = new RingEncoder(bytes);
  const decoder = new RingDecoder(bytes);
  return (message) => {
    const length = encoder.write(message, 0, slot);
    return { length, read: () => decoder.read(0, length) };
  };
}

/** What messages are made of, with the corners that JSON would lose. */
const plain = fc.letrec((again) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(undefined, null, true, false, -0, Number.NaN, Infinity, -Infinity),
    fc.integer(),
    fc.double(),
    fc.string({ maxLength: 20 }),
    fc.string({ unit: 'grapheme', maxLength: 10 }),
    fc.array(again('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ maxLength: 8 }), again('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

test('a message that is written is read as a structured clone of it', () => {
  const send = pair();
  let written = 0;
  fc.assert(
    fc.property(plain, (message) => {
      const { length, read } = send(message);
      fc.pre(length > 0);
      written++;
      expect(read()).toStrictEqual(structuredClone(message));
    }),
    { numRuns: 500 },
  );
  expect(written).toBeGreaterThan(100);
});

test('a long text is read as it was written, whatever is in it', () => {
  const send = pair();
  const texts = [
    'é'.repeat(200),
    '\0'.repeat(40),
    `${'a'.repeat(60)}\u0100`,
    '\ud800'.repeat(30),
    `${'ÿ'.repeat(30)}😀`,
  ];
  for (const text of texts) {
    const { length, read } = send(['text', text]);
    expect(length).toBeGreaterThan(0);
    expect(read()).toStrictEqual(['text', text]);
  }
});

const shared = { a: 1 };
const matched = 'abc'.match(/b/);

test.each([
  ['a date', new Date(0)],
  ['a map', new Map([['a', 1]])],
  ['a set', new Set([1])],
  ['a big integer', 1n],
  ['an error', new TypeError('no')],
  ['bytes', new Uint8Array(4)],
  ['a hole', Object.assign([], { 0: 1, 2: 3 })],
  ['properties of an array', matched],
  ['the same object twice', [shared, shared]],
  ['an object of a class', Object.create({ inherited: 1 })],
  ['a key that would set the prototype', JSON.parse('{"__proto__": 1}')],
  ['a function', () => 1],
  ['a long text', 'x'.repeat(300)],
])('%s goes by the port', (_, message) => {
  const send = pair();
  expect(send({ inside: [message] }).length).toBe(0);
});

test('an object inside itself goes by the port', () => {
  const knot: { self?: unknown } = {};
  knot.self = knot;
  expect(pair()(knot).length).toBe(0);
});

test('keys of a message that was given up are not taken for known', () => {
  const send = pair();
  expect(send({ first: 1n }).length).toBe(0);
  const { read } = send({ second: 1, first: 2 });
  expect(read()).toStrictEqual({ second: 1, first: 2 });
});

test('a key that was sent once takes one byte after that', () => {
  const send = pair();
  const { length, read } = send({ generation: 1 });
  read();
  expect(send({ generation: 1 }).length).toBe(length - 2 - 'generation'.length);
});

test('whatever bytes a guest writes, reading them gives a value or says that it is broken', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: slot }), { maxLength: 5 }), (messages) => {
      const bytes = new Uint8Array(slot);
      const decoder = new RingDecoder(bytes);
      for (const message of messages) {
        bytes.set(message);
        try {
          const value: unknown = decoder.read(0, message.length);
          expect(Object.getPrototypeOf(Object(value))).toSatisfy(
            (prototype: unknown) => prototype === Object.prototype || prototype !== null,
          );
        } catch (error) {
          expect(error).toBeInstanceOf(RingBroken);
        }
      }
    }),
    { numRuns: 2_000 },
  );
  expect(Reflect.get({}, 'a')).toBeUndefined();
});
