import { types } from 'node:util';
import {
  errorKinds,
  extraValues,
  type FrameBounds,
  headerBytes,
  largestSmallNumber,
  longestShortList,
  longestShortText,
  mostBytesBeforeTail,
  mostNumericKeys,
  numericWeight,
  tag,
  tailFollows,
  viewKinds,
} from './frame-format.ts';

const firstBytes = 16_384;
/** A buffer that grew beyond it is not kept for later. */
const mostKeptBytes = 262_144;
/** Objects are looked for one by one up to here. */
const mostListed = 16;
/** To look for names beside the elements takes longer than to write these; a longer array has none. */
const mostNamedElements = 1_024;

const double = new Float64Array(1);
const doubleBytes = new Uint8Array(double.buffer);
/** Classes whose instances a structured clone takes for plain objects. */
const plainPrototypes = new WeakSet<object>();

/**
 * Writes messages as frames, one behind the other. It says what a structured clone would, with two differences: of a view
 * only the bytes that it shows go along, and what another process cannot have is refused.
 */
export class FrameEncoder {
  readonly #bounds: FrameBounds;
  readonly #objects: object[] = [];
  #numbers: Map<object, number> | undefined;
  #bytes: Buffer = Buffer.allocUnsafeSlow(firstBytes);
  #at = 0;
  #start = 0;
  #values = 0;
  #numericKeys = 0;
  #depth = 0;
  #tail: Uint8Array | undefined;
  #hasTail = false;

  constructor(bounds: FrameBounds) {
    this.#bounds = bounds;
  }

  /** Bytes of the frames that are not taken yet. */
  get length(): number {
    return this.#at;
  }

  /**
   * Adds a frame. A message that cannot be cloned throws what a port would throw, and nothing is added.
   *
   * @param tail bytes somewhere in the message that are not copied
   * @returns whether the sender must write the bytes of the tail next; when not, they were copied as everything else
   */
  write(message: unknown, tail?: Uint8Array): boolean {
    const start = this.#at;
    try {
      this.#begin(start, tail);
      this.#value(message);
      const length = this.#at - start - headerBytes;
      if (length > this.#bounds.mostBytes) tooLarge(`${this.#bounds.mostBytes} bytes`);
      const isTailLeft = this.#hasTail;
      if (isTailLeft && length > mostBytesBeforeTail) return this.#withoutTail(start, message);
      this.#bytes.writeUInt32LE(isTailLeft ? (length | tailFollows) >>> 0 : length, start);
      if (isTailLeft) this.#header(tail?.byteLength ?? 0);
      return isTailLeft;
    } catch (error) {
      this.#at = start;
      throw error;
    } finally {
      this.#forget();
    }
  }

  /** Adds frames that another encoder has written. */
  append(frames: Uint8Array): void {
    this.#start = this.#at;
    this.#copy(frames);
  }

  /** The frames so far, from `from` on. They are valid until the next `write`, unless `isKept`. */
  take(from: number, isKept: boolean): Buffer {
    const bytes = this.#bytes.subarray(from, this.#at);
    this.#at = from;
    return isKept ? Buffer.from(bytes) : bytes;
  }

  /** The memory of what was taken belongs to somebody else now. */
  giveAway(): void {
    this.#bytes = Buffer.allocUnsafeSlow(firstBytes);
  }

  /** What was taken has been written. */
  reuse(): void {
    if (this.#bytes.length > mostKeptBytes) this.giveAway();
  }

  #begin(start: number, tail: Uint8Array | undefined): void {
    this.#start = start;
    this.#at = start;
    this.#values = 0;
    this.#numericKeys = 0;
    this.#depth = 0;
    this.#tail = tail;
    this.#hasTail = false;
    this.#grow(headerBytes);
    this.#at += headerBytes;
  }

  #withoutTail(start: number, message: unknown): boolean {
    this.#at = start;
    this.#forget();
    return this.write(message);
  }

  #forget(): void {
    this.#objects.length = 0;
    this.#numbers = undefined;
    this.#tail = undefined;
  }

  /** Of the frame that the sender writes. */
  #header(length: number): void {
    if (length > this.#bounds.mostBytes) tooLarge(`${this.#bounds.mostBytes} bytes`);
    this.#grow(headerBytes);
    this.#at = this.#bytes.writeUInt32LE(length, this.#at);
  }

  #grow(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#bytes.length) return;
    if (needed - this.#start - headerBytes > this.#bounds.mostBytes) tooLarge(`${this.#bounds.mostBytes} bytes`);
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, needed));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }

  #byte(value: number): void {
    if (this.#at === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#at++] = value;
  }

  #tagged(type: number, value: number): void {
    if (this.#at + 5 > this.#bytes.length) this.#grow(5);
    const bytes = this.#bytes;
    bytes[this.#at++] = type;
    bytes[this.#at++] = value;
    bytes[this.#at++] = value >>> 8;
    bytes[this.#at++] = value >>> 16;
    bytes[this.#at++] = value >>> 24;
  }

  #count(values: number): void {
    this.#values += values;
    if (this.#values > this.#bounds.mostValues) tooLarge(`${this.#bounds.mostValues} values`);
  }

  #value(value: unknown): void {
    this.#count(1);
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
        return this.#number(value);
      case 'boolean':
        return this.#byte(value ? tag.true : tag.false);
      case 'undefined':
        return this.#byte(tag.undefined);
      case 'bigint':
        this.#byte(value < 0n ? tag.negativeBigint : tag.bigint);
        return this.#text((value < 0n ? -value : value).toString(16));
      case 'object':
        return value === null ? this.#byte(tag.null) : this.#object(value);
      default:
        return refuse(value);
    }
  }

  #number(value: number): void {
    const whole = value | 0;
    if (whole !== value || (value === 0 && 1 / value < 0)) return this.#double(value);
    if (whole >= 0 && whole <= largestSmallNumber) return this.#byte(tag.smallNumber + whole);
    return this.#tagged(tag.int32, whole);
  }

  #double(value: number, type: number = tag.double): void {
    this.#grow(9);
    this.#bytes[this.#at] = type;
    double[0] = value;
    for (let index = 0; index < 8; index++) this.#bytes[this.#at + 1 + index] = doubleBytes[index] ?? 0;
    this.#at += 9;
  }

  #text(value: string): void {
    const { length } = value;
    if (length > longestShortText) return this.#longText(value);
    if (this.#at + 1 + length > this.#bytes.length) this.#grow(1 + length);
    const bytes = this.#bytes;
    for (let index = 0, at = this.#at + 1; index < length; index++, at++) {
      const code = value.charCodeAt(index);
      if (code > 255) return this.#longText(value);
      bytes[at] = code;
    }
    bytes[this.#at] = tag.shortText + length;
    this.#at += 1 + length;
  }

  #longText(value: string): void {
    const isUtf8 = value.isWellFormed();
    const length = isUtf8 ? Buffer.byteLength(value) : 2 * value.length;
    this.#tagged(isUtf8 ? tag.utf8 : tag.utf16, length);
    this.#grow(length);
    this.#bytes.write(value, this.#at, length, isUtf8 ? 'utf8' : 'utf16le');
    this.#at += length;
  }

  #object(value: object): void {
    const earlier = this.#earlier(value);
    if (earlier !== -1) return this.#tagged(tag.again, earlier);
    if (++this.#depth > this.#bounds.deepest) tooLarge(`${this.#bounds.deepest} levels`);
    if (Array.isArray(value)) this.#array(value);
    else {
      const prototype: unknown = Object.getPrototypeOf(value);
      if (prototype === Object.prototype || prototype === null) this.#plain(value);
      else this.#other(value, prototype);
    }
    this.#depth--;
  }

  /** @returns the number of an object that was written before, or -1: then it has a number from now on */
  #earlier(value: object): number {
    const objects = this.#objects;
    const count = objects.length;
    const earlier = this.#numbers === undefined ? objects.indexOf(value) : (this.#numbers.get(value) ?? -1);
    if (earlier !== -1) return earlier;
    objects.push(value);
    if (this.#numbers !== undefined) this.#numbers.set(value, count);
    else if (count === mostListed) this.#numbers = new Map(objects.map((object, index) => [object, index]));
    return -1;
  }

  #array(value: readonly unknown[]): void {
    const { length } = value;
    const names = length > mostNamedElements ? [] : namesBeside(value);
    if (length > this.#bounds.mostValues) tooLarge(`${this.#bounds.mostValues} values`);
    if (names.length > 0) this.#tagged(tag.namedArray, length);
    else if (length <= longestShortList) this.#byte(tag.shortArray + length);
    else this.#tagged(tag.array, length);
    for (let index = 0; index < length; index++) {
      const element = value[index];
      if (element === undefined && !Object.hasOwn(value, index)) this.#hole();
      else this.#value(element);
    }
    if (names.length > 0) this.#properties(value, names);
  }

  #hole(): void {
    this.#count(1);
    this.#byte(tag.hole);
  }

  #plain(value: object): void {
    const keys = Object.keys(value);
    if (keys.length > longestShortList) {
      this.#byte(tag.object);
      return this.#properties(value, keys);
    }
    this.#byte(tag.shortObject + keys.length);
    for (const key of keys) this.#property(value, key);
  }

  #properties(value: object, keys: readonly string[]): void {
    this.#number(keys.length);
    for (const key of keys) this.#property(value, key);
  }

  #property(value: object, key: string): void {
    this.#text(key);
    this.#value(Reflect.get(value, key));
  }

  #other(value: object, prototype: unknown): void {
    if (ArrayBuffer.isView(value)) return this.#view(value);
    if (types.isArrayBuffer(value)) return this.#memory(value);
    if (types.isDate(value)) return this.#double(Date.prototype.getTime.call(value), tag.date);
    if (types.isMap(value)) return this.#map(value);
    if (types.isSet(value)) return this.#set(value);
    if (types.isNativeError(value)) return this.#error(value);
    if (types.isRegExp(value)) {
      this.#count(extraValues.regexp);
      this.#byte(tag.regexp);
      this.#text(value.source);
      return this.#text(value.flags);
    }
    if (types.isBoxedPrimitive(value)) {
      this.#byte(tag.boxed);
      return this.#value(value.valueOf());
    }
    if (typeof prototype === 'object' && prototype !== null) checkPlain(value, prototype);
    this.#plain(value);
  }

  /** A getter in one of its values may change it: what counts is how it was. */
  #map(value: ReadonlyMap<unknown, unknown>): void {
    const entries = [...Map.prototype.entries.call(value)];
    this.#count(extraValues.table);
    this.#tagged(tag.map, entries.length);
    for (const [key, content] of entries) {
      this.#key(key);
      this.#value(content);
    }
  }

  #set(value: ReadonlySet<unknown>): void {
    const members = [...Set.prototype.values.call(value)];
    this.#count(extraValues.table);
    this.#tagged(tag.set, members.length);
    for (const member of members) this.#key(member);
  }

  #key(key: unknown): void {
    this.#numericKeys += numericWeight(key);
    if (this.#numericKeys > mostNumericKeys) tooLarge(`${mostNumericKeys} numbers as keys of maps and sets`);
    this.#value(key);
  }

  #error(value: Error): void {
    const { name, stack } = value;
    const message = Object.getOwnPropertyDescriptor(value, 'message');
    this.#count(extraValues.error);
    this.#byte(tag.error);
    this.#text(errorKinds.has(name) ? name : 'Error');
    if (message === undefined || !('value' in message)) this.#hole();
    else this.#value(String(message.value));
    if (typeof stack === 'string') this.#value(stack);
    else this.#hole();
    if (Object.hasOwn(value, 'cause')) this.#value(value.cause);
    else this.#hole();
  }

  #memory(value: ArrayBuffer): void {
    if (value.detached) return refuse(value);
    this.#tagged(tag.buffer, value.byteLength);
    this.#copy(new Uint8Array(value));
  }

  #view(value: ArrayBufferView): void {
    if (value === this.#tail) {
      this.#hasTail = true;
      return this.#byte(tag.tail);
    }
    if (types.isSharedArrayBuffer(value.buffer) || (types.isArrayBuffer(value.buffer) && value.buffer.detached))
      return refuse(value);
    const kind = viewKinds.findIndex(({ is }) => is(value));
    if (kind === -1) return refuse(value);
    this.#byte(tag.view);
    this.#tagged(kind, value.byteLength);
    this.#copy(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }

  #copy(bytes: Uint8Array): void {
    this.#grow(bytes.byteLength);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.byteLength;
  }
}

/** Properties that are no elements, as the result of a match has them. */
function namesBeside(value: readonly unknown[]): readonly string[] {
  const keys = Object.keys(value);
  const { length } = value;
  if (keys.length === length && (length === 0 || keys[length - 1] === String(length - 1))) return [];
  return keys.filter((key) => String(Number(key) >>> 0) !== key || Number(key) >= length);
}

/** An instance of a class crosses as a plain object, if a structured clone takes it for one. */
function checkPlain(value: object, prototype: object): void {
  if (plainPrototypes.has(prototype)) return;
  const clone: unknown = structuredClone(value);
  if (Object.getPrototypeOf(clone) !== Object.prototype) refuse(value);
  plainPrototypes.add(prototype);
}

/** A structured clone says best why it takes no such value; some that it takes live in one process alone. */
function refuse(value: unknown): never {
  structuredClone(value);
  throw new DOMException(`${Object.prototype.toString.call(value)} cannot go to another process.`, 'DataCloneError');
}

function tooLarge(bound: string): never {
  throw new DOMException(`One message holds at most ${bound}; send it in parts, or as a stream.`, 'DataCloneError');
}
