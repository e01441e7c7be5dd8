// A frame is the length of its content in four bytes, little end first, and the content: one value. A value begins with a
// byte that says what it is; small numbers, short texts and short collections lie in that byte already. What has a length
// says it in four bytes. Objects are counted as they begin, so that a later place can name an earlier one.
//
// Many bytes that are the sender's to give away stand in a frame of their own behind the one they belong to, which says so
// in its length: they are written from where they are, and read to where they stay.

import { types } from 'node:util';

export const tag = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  int32: 4,
  double: 5,
  /** Hexadecimal digits as a text. */
  bigint: 6,
  negativeBigint: 7,
  utf8: 8,
  /** For texts that are no valid Unicode, which UTF-8 cannot say. */
  utf16: 9,
  array: 10,
  /** An array, then the count, names and values of what stands beside its elements. */
  namedArray: 11,
  /** Stands for an element that is not there. */
  hole: 12,
  object: 13,
  date: 14,
  regexp: 15,
  map: 16,
  set: 17,
  /** Name and message as texts, then stack and cause as values; what is missing is a hole. */
  error: 18,
  buffer: 19,
  /** The place of its constructor in `viewKinds`, its length in bytes, and these. */
  view: 20,
  /** An object around a simple value, as `Object(1)` makes it. */
  boxed: 21,
  /** The number of an object that has begun before. */
  again: 22,
  /** The bytes of the frame behind this one. */
  tail: 23,
  shortText: 0x40,
  shortArray: 0x60,
  shortObject: 0x70,
  smallNumber: 0x80,
} as const;

export const longestShortText = 31;
export const longestShortList = 15;
export const largestSmallNumber = 127;
export const headerBytes = 4;
/** In the length of a frame: its tail is the next one. */
export const tailFollows = 0x8000_0000;
/** A frame with a tail is a few words around it. */
export const mostBytesBeforeTail = 65_536;

/** What one frame may be; whoever sends refuses more than the other side would take. */
export interface FrameBounds {
  /** Bytes of its content. */
  readonly mostBytes: number;
  /** Values in it. It is these that cost memory: a byte of a frame can become an object of sixty. */
  readonly mostValues: number;
  /** How deep values may lie in each other. Reading one level takes the stack of a function. */
  readonly deepest: number;
}

/** The program of a plugin is the largest thing that must go as a whole, at tens of megabytes. What is larger flows. */
export const frameBounds: FrameBounds = { mostBytes: 67_108_864, mostValues: 2_000_000, deepest: 1_000 };

/** What a value counts for beyond itself: a map is larger than a plain object, an error takes longer to make. */
export const extraValues = { table: 4, regexp: 20, error: 100 } as const;

/**
 * Numbers that may be keys of maps and sets, in one frame. V8 hashes them without a secret: whoever picks them with care
 * makes each one cost as much as all before it. A bigint counts for several.
 */
export const mostNumericKeys = 10_000;

/** What a key of a map or set counts for among these. */
export function numericWeight(key: unknown): number {
  return typeof key === 'number' ? 1 : typeof key === 'bigint' ? 4 : 0;
}

/** A way to look at memory. */
interface ViewKind {
  readonly is: (value: unknown) => boolean;
  readonly elementBytes: number;
  readonly over: (memory: ArrayBuffer) => ArrayBufferView;
}

/** Everything that shows memory. The order is that of the wire. */
export const viewKinds: readonly ViewKind[] = [
  { is: types.isUint8Array, elementBytes: 1, over: (memory) => new Uint8Array(memory) },
  { is: types.isDataView, elementBytes: 1, over: (memory) => new DataView(memory) },
  { is: types.isInt8Array, elementBytes: 1, over: (memory) => new Int8Array(memory) },
  { is: types.isUint8ClampedArray, elementBytes: 1, over: (memory) => new Uint8ClampedArray(memory) },
  { is: types.isInt16Array, elementBytes: 2, over: (memory) => new Int16Array(memory) },
  { is: types.isUint16Array, elementBytes: 2, over: (memory) => new Uint16Array(memory) },
  { is: types.isFloat16Array, elementBytes: 2, over: (memory) => new Float16Array(memory) },
  { is: types.isInt32Array, elementBytes: 4, over: (memory) => new Int32Array(memory) },
  { is: types.isUint32Array, elementBytes: 4, over: (memory) => new Uint32Array(memory) },
  { is: types.isFloat32Array, elementBytes: 4, over: (memory) => new Float32Array(memory) },
  { is: types.isFloat64Array, elementBytes: 8, over: (memory) => new Float64Array(memory) },
  { is: types.isBigInt64Array, elementBytes: 8, over: (memory) => new BigInt64Array(memory) },
  { is: types.isBigUint64Array, elementBytes: 8, over: (memory) => new BigUint64Array(memory) },
];

/** The errors that keep their kind in a structured clone. */
export const errorKinds: ReadonlyMap<string, ErrorConstructor> = new Map(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((kind) => [kind.name, kind]),
);
