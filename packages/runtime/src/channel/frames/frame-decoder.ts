import {
  errorKinds,
  extraValues,
  type FrameBounds,
  longestShortText,
  mostNumericKeys,
  numericWeight,
  tag,
  viewKinds,
} from './frame-format.ts';

/** What was read is no frame: the other side is broken, or means harm. */
export class FrameBroken extends Error {
  override readonly name = 'FrameBroken';
}

/** Short texts repeat: names of properties above all. Power of two. */
const rememberedTexts = 512;
const longestRemembered = 16;
const hole = Symbol('hole');
const noBytes = Buffer.alloc(0);

/**
 * Reads the content of frames that may be written by hostile code. Whatever the bytes are, it gives a value or throws
 * FrameBroken; it reserves no more than the bytes that are there can fill.
 */
export class FrameDecoder {
  readonly #bounds: FrameBounds;
  readonly #texts: string[] = Array.from({ length: rememberedTexts }, () => '');
  readonly #objects: object[] = [];
  #bytes: Buffer = noBytes;
  #at = 0;
  #end = 0;
  #tail: Uint8Array | undefined;
  #values = 0;
  #numericKeys = 0;
  #depth = 0;

  constructor(bounds: FrameBounds) {
    this.#bounds = bounds;
  }

  /**
   * The value that these bytes are. Nothing of them is kept.
   *
   * @param tail the bytes behind them, which become a part of the value
   * @throws FrameBroken
   */
  read(bytes: Buffer, start: number, end: number, tail?: Uint8Array): unknown {
    this.#tail = tail;
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#values = 0;
    this.#numericKeys = 0;
    this.#depth = 0;
    try {
      const value = this.#value();
      if (this.#at !== end) broken('has bytes after its end');
      if (this.#tail !== undefined) broken('has a tail that is nowhere in it');
      return value;
    } finally {
      this.#objects.length = 0;
      this.#bytes = noBytes;
      this.#tail = undefined;
    }
  }

  #byte(): number {
    if (this.#at >= this.#end) broken('ends in the middle');
    return this.#bytes[this.#at++] ?? 0;
  }

  /** The place of so many bytes, which are passed. */
  #take(length: number): number {
    const start = this.#at;
    if (length > this.#end - start) broken('ends in the middle');
    this.#at = start + length;
    return start;
  }

  #length(): number {
    const at = this.#take(4);
    const bytes = this.#bytes;
    const [low = 0, second = 0, third = 0, high = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    return (low | (second << 8) | (third << 16) | (high << 24)) >>> 0;
  }

  #count(values: number): void {
    this.#values += values;
    if (this.#values > this.#bounds.mostValues) broken(`has more than ${this.#bounds.mostValues} values`);
  }

  #value(): unknown {
    const value = this.#valueOrHole();
    if (value === hole) broken('has a hole where none can be');
    return value;
  }

  #valueOrHole(): unknown {
    this.#count(1);
    const type = this.#byte();
    if (type >= tag.smallNumber) return type - tag.smallNumber;
    if (type >= tag.shortObject) return this.#object(type - tag.shortObject);
    if (type >= tag.shortArray) return this.#array(type - tag.shortArray);
    if (type >= tag.shortText) return this.#shortText(type - tag.shortText);
    return this.#long(type);
  }

  #long(type: number): unknown {
    switch (type) {
      case tag.undefined:
        return undefined;
      case tag.null:
        return null;
      case tag.false:
        return false;
      case tag.true:
        return true;
      case tag.hole:
        return hole;
      case tag.int32:
        return this.#length() | 0;
      case tag.double:
        return this.#bytes.readDoubleLE(this.#take(8));
      case tag.utf8:
      case tag.utf16:
        return this.#longText(type);
      case tag.bigint:
        return this.#bigint();
      case tag.negativeBigint:
        return -this.#bigint();
      case tag.array:
        return this.#array(this.#length());
      case tag.object:
        return this.#object(this.#wholeNumber());
      case tag.again:
        return this.#objects[this.#length()] ?? broken('names an object that is not there');
      default:
        return this.#rare(type);
    }
  }

  #rare(type: number): unknown {
    switch (type) {
      case tag.namedArray:
        return this.#namedArray();
      case tag.date:
        return this.#known(new Date(this.#bytes.readDoubleLE(this.#take(8))));
      case tag.regexp:
        return this.#regexp();
      case tag.map:
        return this.#map(this.#length());
      case tag.set:
        return this.#set(this.#length());
      case tag.error:
        return this.#error();
      case tag.buffer:
        return this.#known(this.#memory(this.#length()));
      case tag.view:
        return this.#view();
      case tag.boxed:
        return this.#boxed();
      case tag.tail:
        return this.#ownTail();
      default:
        return broken(`has a value of type ${type}`);
    }
  }

  /** From now on it can be named. */
  #known<Value extends object>(value: Value): Value {
    this.#objects.push(value);
    return value;
  }

  #enter(): void {
    if (++this.#depth > this.#bounds.deepest) broken(`is more than ${this.#bounds.deepest} levels deep`);
  }

  /** The count of values that follow: each of them takes a byte at least. */
  #expect(count: number): void {
    if (count > this.#end - this.#at) broken('announces more than it holds');
  }

  #array(length: number): unknown[] {
    this.#expect(length);
    this.#enter();
    const values = this.#known<unknown[]>([]);
    for (let index = 0; index < length; index++) {
      const value = this.#valueOrHole();
      if (value === hole) values.length = index + 1;
      else values.push(value);
    }
    this.#depth--;
    return values;
  }

  #namedArray(): unknown[] {
    const array = this.#array(this.#length());
    const count = this.#wholeNumber();
    this.#expect(2 * count);
    for (let index = 0; index < count; index++) {
      const name = this.#text();
      // One that is an element, or the length, could make the array as large as it likes.
      if (name === 'length' || String(Number(name) >>> 0) === name) broken('has an element beside the elements');
      define(array, name, this.#value());
    }
    return array;
  }

  #object(count: number): object {
    const value = this.#known<Record<string, unknown>>({});
    this.#properties(value, count);
    return value;
  }

  #properties(target: Record<string, unknown>, count: number): void {
    this.#expect(2 * count);
    this.#enter();
    for (let index = 0; index < count; index++) {
      const key = this.#text();
      const value = this.#value();
      if (key === '__proto__') define(target, key, value);
      else target[key] = value;
    }
    this.#depth--;
  }

  #wholeNumber(): number {
    const value = this.#value();
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
      ? value
      : broken('has an impossible count');
  }

  #map(count: number): Map<unknown, unknown> {
    this.#expect(2 * count);
    this.#count(extraValues.table);
    this.#enter();
    const map = this.#known(new Map<unknown, unknown>());
    for (let index = 0; index < count; index++) {
      const key = this.#key();
      map.set(key, this.#value());
    }
    this.#depth--;
    return map;
  }

  #set(count: number): Set<unknown> {
    this.#expect(count);
    this.#count(extraValues.table);
    this.#enter();
    const set = this.#known(new Set<unknown>());
    for (let index = 0; index < count; index++) set.add(this.#key());
    this.#depth--;
    return set;
  }

  #key(): unknown {
    const key = this.#value();
    this.#numericKeys += numericWeight(key);
    if (this.#numericKeys > mostNumericKeys) broken(`has more than ${mostNumericKeys} numbers as keys`);
    return key;
  }

  /** Its own number comes before those of what is in it, so it is made first. */
  #error(): Error {
    this.#count(extraValues.error);
    const Kind = errorKinds.get(this.#text()) ?? broken('has an error of no kind');
    const error = this.#known(new Kind());
    this.#enter();
    for (const name of ['message', 'stack', 'cause']) {
      const value = this.#valueOrHole();
      if (value !== hole) define(error, name, value, false);
      else if (name === 'stack') Reflect.deleteProperty(error, name);
    }
    this.#depth--;
    return error;
  }

  #regexp(): RegExp {
    this.#count(extraValues.regexp);
    const source = this.#text();
    const flags = this.#text();
    try {
      return this.#known(new RegExp(source, flags));
    } catch {
      return broken('has a regular expression that is none');
    }
  }

  #boxed(): object {
    // Nothing inside it can be an object, so that its number is the next one still.
    const count = this.#objects.length;
    const value = this.#value();
    if (value === null || value === undefined || typeof value === 'object')
      broken('has an object around nothing simple');
    if (this.#objects.length !== count) broken('has an object where none can be');
    return this.#known<object>(Object(value));
  }

  #bigint(): bigint {
    const digits = this.#text();
    try {
      return BigInt(`0x${digits}`);
    } catch {
      return broken('has a whole number that is none');
    }
  }

  #memory(length: number): ArrayBuffer {
    const start = this.#take(length);
    return memoryOf(this.#bytes.subarray(start, start + length));
  }

  #view(): object {
    const kind = viewKinds[this.#byte()] ?? broken('has a view of no kind');
    const length = this.#length();
    if (length % kind.elementBytes !== 0) broken('has a view that ends in the middle');
    return this.#known(kind.over(this.#memory(length)));
  }

  #ownTail(): Uint8Array {
    const tail = this.#tail ?? broken('has no tail');
    this.#tail = undefined;
    return this.#known(tail);
  }

  #text(): string {
    const type = this.#byte();
    if (type >= tag.shortText && type <= tag.shortText + longestShortText) return this.#shortText(type - tag.shortText);
    if (type === tag.utf8 || type === tag.utf16) return this.#longText(type);
    return broken('has no text where one must be');
  }

  #longText(type: number): string {
    const length = this.#length();
    const start = this.#take(length);
    return this.#bytes.toString(type === tag.utf8 ? 'utf8' : 'utf16le', start, start + length);
  }

  #shortText(length: number): string {
    const start = this.#take(length);
    const bytes = this.#bytes;
    if (length > longestRemembered) return bytes.toString('latin1', start, start + length);
    let mix = length;
    for (let at = start; at < start + length; at++) mix = (Math.imul(mix, 31) + (bytes[at] ?? 0)) | 0;
    const place = (mix ^ (mix >>> 9)) & (rememberedTexts - 1);
    const known = this.#texts[place] ?? '';
    if (isText(known, bytes, start, length)) return known;
    return (this.#texts[place] = bytes.toString('latin1', start, start + length));
  }
}

/** A copy of its own. */
export function memoryOf(bytes: Uint8Array): ArrayBuffer {
  const memory = new ArrayBuffer(bytes.byteLength);
  new Uint8Array(memory).set(bytes);
  return memory;
}

function isText(text: string, bytes: Buffer, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let index = 0; index < length; index++) if (text.charCodeAt(index) !== bytes[start + index]) return false;
  return true;
}

function define(target: object, key: string, value: unknown, isEnumerable = true): void {
  Object.defineProperty(target, key, { value, enumerable: isEnumerable, configurable: true, writable: true });
}

function broken(problem: string): never {
  throw new FrameBroken(`a frame ${problem}`);
}
