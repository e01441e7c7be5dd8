// Small plain messages as bytes. What this cannot say exactly as a structured clone would, it refuses, and the message
// goes by the port instead. What it reads may be written by hostile code: nothing read here reaches outside its slot.

const tag = {
  undefined: 0,
  null: 1,
  false: 2,
  true: 3,
  /** One byte: 0 to 255. */
  byte: 4,
  int32: 5,
  double: 6,
  /** One byte of length, then one byte for each character. */
  latin1: 7,
  /** One byte of length, then two bytes for each character. */
  utf16: 8,
  array: 9,
  object: 10,
  /** One byte: the word that names the message. */
  word: 11,
} as const;

/** Keys that were sent once are named by a byte after that. */
const mostKeys = 240;
const newKey = 255;
const longestKey = 64;
/** Longer texts are written as a whole: by then that is quicker than character by character. */
const longestLoop = 20;
// oxlint-disable-next-line no-control-regex -- these are characters like others here
const beyondLatin1 = /[^\x00-\xff]/;
/** A message of more objects is no small one. */
const mostObjects = 16;

const number = new Float64Array(1);
const numberBytes = new Uint8Array(number.buffer);

/** Writes messages into slots. One for each direction: it remembers which keys the other side knows. */
export class RingEncoder {
  readonly #bytes: Buffer;
  readonly #keys = new Map<string, number>();
  readonly #objects: object[] = [];
  #at = 0;
  #end = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** @returns the length of the message, or 0 when it does not fit or cannot be said exactly */
  write(message: unknown, start: number, end: number): number {
    this.#at = start;
    this.#end = end;
    const known = this.#keys.size;
    let isWritten = false;
    try {
      isWritten = Array.isArray(message) ? this.#message(message) : this.#value(message);
    } finally {
      this.#objects.length = 0;
      // The other side will never see the keys of a message that was given up.
      if (!isWritten && this.#keys.size > known) this.#forgetKeys(known);
    }
    return isWritten ? this.#at - start : 0;
  }

  /** The outermost list is the sender's own: a word that names the message, then dense elements. */
  #message(message: readonly unknown[]): boolean {
    const { length } = message;
    if (length > 255 || this.#at + 4 > this.#end) return false;
    this.#objects.push(message);
    this.#bytes[this.#at++] = tag.array;
    this.#bytes[this.#at++] = length;
    for (let index = 0; index < length; index++) {
      const value = message[index];
      const isWord = index === 0 && typeof value === 'string' && this.#word(value);
      if (!isWord && !this.#value(value)) return false;
    }
    return true;
  }

  #word(word: string): boolean {
    if (!this.#keys.has(word) && (this.#keys.size === mostKeys || !isKey(word))) return false;
    return this.#byte(tag.word) && this.#key(word);
  }

  #forgetKeys(known: number): void {
    for (const [key, index] of this.#keys) if (index >= known) this.#keys.delete(key);
  }

  #byte(value: number): boolean {
    if (this.#at >= this.#end) return false;
    this.#bytes[this.#at++] = value;
    return true;
  }

  #value(value: unknown): boolean {
    switch (typeof value) {
      case 'string':
        return this.#string(value);
      case 'number':
        return this.#number(value);
      case 'boolean':
        return this.#byte(value ? tag.true : tag.false);
      case 'undefined':
        return this.#byte(tag.undefined);
      case 'object':
        if (value === null) return this.#byte(tag.null);
        return Array.isArray(value) ? this.#array(value) : this.#object(value);
      default:
        return false;
    }
  }

  #number(value: number): boolean {
    const whole = value | 0;
    if (whole !== value || (value === 0 && 1 / value < 0)) return this.#double(value);
    if (whole >= 0 && whole < 256) return this.#byte(tag.byte) && this.#byte(whole);
    if (this.#at + 5 > this.#end) return false;
    const bytes = this.#bytes;
    bytes[this.#at++] = tag.int32;
    bytes[this.#at++] = whole;
    bytes[this.#at++] = whole >> 8;
    bytes[this.#at++] = whole >> 16;
    bytes[this.#at++] = whole >> 24;
    return true;
  }

  #double(value: number): boolean {
    if (this.#at + 9 > this.#end) return false;
    this.#bytes[this.#at++] = tag.double;
    number[0] = value;
    for (let index = 0; index < 8; index++) this.#bytes[this.#at++] = numberBytes[index] ?? 0;
    return true;
  }

  #string(value: string): boolean {
    const { length } = value;
    const start = this.#at;
    if (length > 255 || start + 2 + length > this.#end) return false;
    const bytes = this.#bytes;
    bytes[start] = tag.latin1;
    bytes[start + 1] = length;
    if (length > longestLoop) {
      if (beyondLatin1.test(value)) return this.#utf16(value);
      bytes.write(value, start + 2, length, 'latin1');
      this.#at = start + 2 + length;
      return true;
    }
    for (let index = 0, at = start + 2; index < length; index++, at++) {
      const code = value.charCodeAt(index);
      if (code > 255) return this.#utf16(value);
      bytes[at] = code;
    }
    this.#at = start + 2 + length;
    return true;
  }

  #utf16(value: string): boolean {
    const { length } = value;
    if (this.#at + 2 + 2 * length > this.#end) return false;
    const bytes = this.#bytes;
    bytes[this.#at++] = tag.utf16;
    bytes[this.#at++] = length;
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index);
      bytes[this.#at++] = code;
      bytes[this.#at++] = code >> 8;
    }
    return true;
  }

  /** The same object twice is one object in a structured clone; here it would become two. */
  #isNew(value: object): boolean {
    if (this.#objects.length === mostObjects || this.#objects.includes(value)) return false;
    this.#objects.push(value);
    return true;
  }

  #array(value: readonly unknown[]): boolean {
    const { length } = value;
    if (length > 255 || Object.getPrototypeOf(value) !== Array.prototype || !this.#isNew(value)) return false;
    // Holes, and properties beside the elements, as the result of a match has them.
    if (Object.keys(value).length !== length) return false;
    if (!this.#byte(tag.array) || !this.#byte(length)) return false;
    for (let index = 0; index < length; index++) if (!this.#value(value[index])) return false;
    return true;
  }

  #object(value: object): boolean {
    const prototype: unknown = Object.getPrototypeOf(value);
    if ((prototype !== Object.prototype && prototype !== null) || !this.#isNew(value)) return false;
    const keys = Object.keys(value);
    if (keys.length > 255 || !this.#byte(tag.object) || !this.#byte(keys.length)) return false;
    for (const key of keys) {
      if (!this.#key(key) || !this.#value(Reflect.get(value, key))) return false;
    }
    return true;
  }

  #key(key: string): boolean {
    const known = this.#keys.get(key);
    if (known !== undefined) return this.#byte(known);
    if (this.#keys.size === mostKeys || !isKey(key)) return false;
    this.#keys.set(key, this.#keys.size);
    return this.#byte(newKey) && this.#string(key);
  }
}

function isKey(text: string): boolean {
  return text.length <= longestKey && text !== '__proto__';
}

/** What was read is no message: the other side is broken, or means harm. */
export class RingBroken extends Error {
  override readonly name = 'RingBroken';
}

/** Reads messages out of slots; the counterpart of one encoder. */
export class RingDecoder {
  readonly #bytes: Buffer;
  readonly #keys: string[] = [];
  #at = 0;
  #end = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** @throws RingBroken */
  read(start: number, length: number): unknown {
    this.#at = start;
    this.#end = start + length;
    const value = this.#value();
    if (this.#at !== this.#end) throw new RingBroken('a message has bytes after its end');
    return value;
  }

  #byte(): number {
    if (this.#at >= this.#end) throw new RingBroken('a message ends in the middle');
    return this.#bytes[this.#at++] ?? 0;
  }

  #take(length: number): number {
    const start = this.#at;
    if (start + length > this.#end) throw new RingBroken('a message ends in the middle');
    this.#at = start + length;
    return start;
  }

  #value(): unknown {
    const type = this.#byte();
    switch (type) {
      case tag.undefined:
        return undefined;
      case tag.null:
        return null;
      case tag.false:
        return false;
      case tag.true:
        return true;
      case tag.byte:
        return this.#byte();
      case tag.int32:
        return this.#bytes.readInt32LE(this.#take(4));
      case tag.double:
        return this.#bytes.readDoubleLE(this.#take(8));
      case tag.latin1:
      case tag.utf16:
        return this.#string(type);
      case tag.array:
        return this.#array();
      case tag.object:
        return this.#object();
      case tag.word:
        return this.#key();
      default:
        throw new RingBroken(`a message has a value of type ${type}`);
    }
  }

  #string(type: number): string {
    const length = this.#byte();
    const bytes = type === tag.latin1 ? length : 2 * length;
    const start = this.#take(bytes);
    if (length < 2)
      return length === 0
        ? ''
        : String.fromCharCode(type === tag.latin1 ? (this.#bytes[start] ?? 0) : this.#bytes.readUInt16LE(start));
    return this.#bytes.toString(type === tag.latin1 ? 'latin1' : 'utf16le', start, start + bytes);
  }

  #array(): unknown[] {
    const length = this.#byte();
    const values: unknown[] = [];
    for (let index = 0; index < length; index++) values.push(this.#value());
    return values;
  }

  #object(): Record<string, unknown> {
    const count = this.#byte();
    const value: Record<string, unknown> = {};
    for (let index = 0; index < count; index++) {
      const key = this.#key();
      value[key] = this.#value();
    }
    return value;
  }

  #key(): string {
    const index = this.#byte();
    const known = this.#keys[index];
    if (known !== undefined) return known;
    if (index !== newKey || this.#keys.length === mostKeys) throw new RingBroken('a message has an unknown key');
    const type = this.#byte();
    if (type !== tag.latin1 && type !== tag.utf16) throw new RingBroken('a key is no string');
    const key = this.#string(type);
    if (key === '__proto__') throw new RingBroken('a message has a key that is not allowed');
    this.#keys.push(key);
    return key;
  }
}
