import { deepStrictEqual } from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameBroken, FrameDecoder } from './frame-decoder.ts';
import { FrameEncoder } from './frame-encoder.ts';
import { frameBounds, headerBytes, mostNumericKeys, tag } from './frame-format.ts';

const encoder = new FrameEncoder(frameBounds);
const decoder = new FrameDecoder(frameBounds);

function encoded(value: unknown): Buffer {
  encoder.write(value);
  return encoder.take(0, true);
}

function crossed(value: unknown): unknown {
  const frame = encoded(value);
  expect(frame.readUInt32LE()).toBe(frame.length - headerBytes);
  return decoder.read(frame, headerBytes, frame.length);
}

function decoded(...bytes: readonly number[]): unknown {
  return decoder.read(Buffer.from(bytes), 0, bytes.length);
}

/** Little end first. */
function four(value: number): readonly number[] {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return [...bytes];
}

const keys = fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', '0', '17', 'length', 'ключ', 'ä'));
const leaves = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.bigInt(),
  fc.boolean(),
  fc.constantFrom(null, undefined, -0, Infinity, 2 ** 31, -(2 ** 31), 127, 128),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme', minLength: 20, maxLength: 60 }),
  fc.constantFrom('\ud800', `${'x'.repeat(40)}\udfff`, 'ÿ'.repeat(31), 'ÿ'.repeat(32), '\ufeffa'),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array(),
  fc.float64Array(),
  fc.constantFrom(/a+/gi, new RegExp('/\n'), Object(1), Object('text'), Object(false), Object(5n)),
);
const { value: anything } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaves,
    fc.array(tie('value')),
    fc.dictionary(keys, tie('value')),
    fc.dictionary(keys, tie('value'), { noNullPrototype: false }),
    fc.sparseArray(tie('value'), { maxLength: 40 }),
    fc.array(fc.tuple(tie('value'), tie('value'))).map((entries) => new Map(entries)),
    fc.array(tie('value')).map((members) => new Set(members)),
  ),
}));

test('a value is the other side what a structured clone of it is', () => {
  fc.assert(
    // Its comparison takes properties by any name for what they are, also one called `constructor`.
    fc.property(anything, (value) => deepStrictEqual(crossed(value), structuredClone(value))),
    { numRuns: 300 },
  );
});

test('lists, tables and texts of every length cross, also where their length takes another form', () => {
  for (const length of [0, 1, 15, 16, 31, 32, 255, 256, 1_023, 1_024, 1_025, 70_000]) {
    const list = Array.from({ length }, (_, index) => index);
    const text = 'x'.repeat(length);
    const object = Object.fromEntries(list.slice(0, 2_000).map((index) => [`key ${index}`, index]));
    const value = { list, text, wide: `${text}€`, object, bytes: new Uint8Array(length).fill(7) };
    expect(crossed(value)).toStrictEqual(structuredClone(value));
  }
});

test('the same object twice is one object there, and circles stay circles', () => {
  const shared = { name: 'shared' };
  const circle: Record<string, unknown> = { shared, list: [shared, shared] };
  circle['self'] = circle;
  circle['map'] = new Map<unknown, unknown>([[circle, shared]]);
  const copy = crossed(circle) as { shared: object; list: object[]; self: object; map: Map<object, object> };
  expect(copy.self).toBe(copy);
  expect(copy.list[0]).toBe(copy.shared);
  expect(copy.map.get(copy)).toBe(copy.shared);
});

test('among thousands of objects each one keeps its place', () => {
  const objects = Array.from({ length: 3_000 }, (_, index) => ({ index }));
  const copy = crossed([objects, objects.toReversed()]) as [object[], object[]];
  expect(copy).toStrictEqual([objects, objects.toReversed()]);
  for (let index = 0; index < 3_000; index++) expect(copy[1][2_999 - index]).toBe(copy[0][index]);
});

test('an error keeps what a structured clone keeps of it', () => {
  class OwnError extends TypeError {
    readonly code = 'OWN';
  }
  const bare = new RangeError();
  Reflect.deleteProperty(bare, 'stack');
  const errors = [
    new Error('plain', { cause: { at: new Date(1) } }),
    new OwnError('own'),
    Object.assign(new Error('named'), { name: 'RangeError' }),
    Object.assign(new Error('named'), { name: 'Strange' }),
    bare,
  ];
  for (const error of errors) {
    const copy = crossed(error) as Error;
    const clone = structuredClone(error);
    expect(copy).toBeInstanceOf(Error);
    expect(Object.getPrototypeOf(copy)).toBe(Object.getPrototypeOf(clone));
    expect(copy.stack).toBe(error.stack);
    expect({ message: copy.message, cause: copy.cause }).toStrictEqual({ message: clone.message, cause: clone.cause });
    expect(Object.keys(copy)).toEqual([]);
    expect(Object.hasOwn(copy, 'cause')).toBe(Object.hasOwn(clone, 'cause'));
  }
});

test('of a view only the bytes that it shows go along, whatever lies around them', () => {
  const memory = new ArrayBuffer(64);
  for (const View of [
    Uint8Array,
    Int16Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    Float16Array,
    Uint8ClampedArray,
  ]) {
    const view = new View(memory, 16, 3);
    const copy = crossed(view) as typeof view;
    expect(copy).toStrictEqual(new View(3));
    expect(copy.buffer.byteLength).toBe(view.byteLength);
  }
  expect(crossed(new DataView(memory, 8, 4))).toStrictEqual(new DataView(new ArrayBuffer(4)));
  expect(crossed(Buffer.from('secret').subarray(0, 2))).toStrictEqual(new Uint8Array([115, 101]));
  expect(crossed(new ArrayBuffer(3))).toStrictEqual(new ArrayBuffer(3));
});

test('an instance of a class crosses as a plain object, and a subclass of a table as the table', () => {
  class Point {
    readonly x = 1;
    get sum(): number {
      return 2;
    }
  }
  class Names extends Map<string, number> {}
  for (const value of [new Point(), [new Point(), new Point()], new Names([['a', 1]]), Object.create({ inherited: 1 })])
    expect(crossed(value)).toStrictEqual(structuredClone(value));
});

test('what a structured clone refuses is refused with the same error', () => {
  class Handler {
    readonly handle = (): void => {};
  }
  const refused = [
    () => 1,
    Symbol('s'),
    Promise.resolve(),
    new WeakMap(),
    new ReadableStream(),
    { deep: [() => 1] },
    new Handler(),
  ];
  for (const value of refused) {
    const { message: expected } = failureOf(() => structuredClone(value)) as Error;
    expect(failureOf(() => encoder.write(value))).toMatchObject({ name: 'DataCloneError', message: expected });
  }
  expect(encoder.length).toBe(0);
});

test('what lives in one process alone is refused', () => {
  for (const value of [new SharedArrayBuffer(8), new Uint8Array(new SharedArrayBuffer(8)), new Blob(['x'])])
    expect(() => encoder.write(value)).toThrow(expect.objectContaining({ name: 'DataCloneError' }));
});

test('an error of a getter is that error, and nothing of the message is sent', () => {
  const value = {
    get broken(): number {
      throw new Error('not today');
    },
  };
  encoder.write('before');
  const before = encoder.length;
  expect(() => encoder.write([1, value])).toThrow('not today');
  expect(encoder.length).toBe(before);
  encoder.take(0, false);
});

test('a key called __proto__ is a key, and no prototype', () => {
  const value: unknown = JSON.parse('{"__proto__": {"isAdmin": true}}');
  const copy = crossed(value) as Record<string, unknown>;
  expect(Object.keys(copy)).toEqual(['__proto__']);
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
  expect(copy['isAdmin']).toBeUndefined();
});

test('a message that the other side would not take is refused by its sender', () => {
  const small = new FrameEncoder({ mostBytes: 1_000, mostValues: 100, deepest: 10 });
  let deep: unknown = 1;
  for (let level = 0; level < 11; level++) deep = [deep];
  for (const value of ['x'.repeat(1_001), new Uint8Array(1_001), Array.from({ length: 101 }, () => 1), deep])
    expect(() => small.write(value)).toThrow(expect.objectContaining({ name: 'DataCloneError' }));
  const sparse: unknown[] = [];
  sparse[4_000_000_000] = 1;
  expect(() => encoder.write(sparse)).toThrow('One message holds at most');
  const keyed = new Map(Array.from({ length: mostNumericKeys + 1 }, (_, index) => [index, index]));
  expect(() => encoder.write(keyed)).toThrow('One message holds at most');
});

test('a count that the frame cannot hold reserves nothing', () => {
  const before = process.memoryUsage().rss;
  for (const type of [tag.array, tag.namedArray, tag.map, tag.set, tag.utf8, tag.utf16, tag.buffer])
    expect(() => decoded(type, ...four(0xffff_ffff))).toThrow(FrameBroken);
  expect(() => decoded(tag.view, 0, ...four(0xffff_fff0))).toThrow(FrameBroken);
  expect(() => decoded(tag.object, tag.double, ...Buffer.alloc(8, 0x41))).toThrow(FrameBroken);
  expect(() => decoded(tag.object, tag.int32, ...four(0x7fff_ffff))).toThrow(FrameBroken);
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1_048_576);
});

test('a list cannot be made longer than it is by a name beside its elements', () => {
  const length = [tag.shortText + 6, ...Buffer.from('length')];
  const index = [tag.shortText + 10, ...Buffer.from('4294967294')];
  for (const name of [length, index])
    expect(() =>
      decoded(tag.namedArray, ...four(0), tag.smallNumber + 1, ...name, tag.int32, ...four(0x7fff_ffff)),
    ).toThrow(FrameBroken);
});

test('a frame is not deeper, and has not more values, than its reader allows', () => {
  expect(() => decoder.read(Buffer.alloc(5_000, tag.shortArray + 1), 0, 5_000)).toThrow(/levels deep/);
  const many = Buffer.alloc(2_000_006, tag.undefined);
  many[0] = tag.array;
  many.writeUInt32LE(2_000_001, 1);
  expect(() => decoder.read(many, 0, many.length)).toThrow(/more than 2000000 values/);
});

test('numbers picked so that V8 hashes all of them alike cost little', () => {
  const alike = new Set(Array.from({ length: mostNumericKeys / 4 }, (_, index) => BigInt(index) << 64n));
  const frame = encoded(alike);
  const startedAt = performance.now();
  decoder.read(frame, headerBytes, frame.length);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  expect(() => encoded(new Set([...alike, -1n]))).toThrow('numbers as keys');
});

/** Bytes that are no frame in most cases. */
function survives(bytes: Buffer): void {
  try {
    decoder.read(bytes, 0, bytes.length);
  } catch (error) {
    if (!(error instanceof FrameBroken)) throw error;
  }
}

test('whatever bytes come, it is a value or a broken frame', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => survives(Buffer.from(bytes))),
    { numRuns: 20_000 },
  );
});

test('so it is with frames of which some bytes were changed, left out or put twice', () => {
  const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }), fc.constantFrom('set', 'cut', 'double'));
  fc.assert(
    fc.property(anything, fc.array(change, { minLength: 1, maxLength: 4 }), (value, changes) => {
      let bytes = encoded(value).subarray(headerBytes);
      for (const [at, byte, how] of changes) {
        const place = at % Math.max(1, bytes.length);
        if (how === 'set') bytes[place] = byte;
        else if (how === 'cut') bytes = bytes.subarray(0, place);
        else bytes = Buffer.concat([bytes, bytes.subarray(place)]);
      }
      survives(bytes);
    }),
    { numRuns: 300 },
  );
});

function failureOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
