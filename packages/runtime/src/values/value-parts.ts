import type { ReadableStream } from 'node:stream/web';
import { callbackOf, type Callback } from './callback.ts';
import { fail } from '../errors.ts';

/** Where something lies inside a value: keys and indexes, outermost first; empty for the value itself. */
export type PartPath = readonly (string | number)[];

/** Something in a value of a service that cannot be copied, but crosses all the same. */
export type ValuePart =
  | { readonly type: 'stream'; readonly path: PartPath; readonly stream: ReadableStream }
  | { readonly type: 'callback'; readonly path: PartPath; readonly callback: Callback };

/** How deep streams and callbacks may lie in plain objects and lists: a member of a member is at 2. */
export const deepestPart = 4;
/** A search through more places costs more than the call. */
const mostPlaces = 1_000;

const none: readonly ValuePart[] = [];

/**
 * Finds streams and callbacks in an input or output of a service.
 *
 * @param name what to call the value in an error, such as `geo.locate input`
 * @throws CALLBACK_NEEDED for a plain function, CALLBACK_GONE, VALUE_NOT_CLONEABLE for a stream that is being read
 */
export function partsIn(value: unknown, name: string): readonly ValuePart[] {
  if (typeof value !== 'function' && (typeof value !== 'object' || value === null)) return none;
  const search = new PartSearch(name);
  search.visit(value, []);
  return search.parts;
}

/** The value with something else in the places of its parts. Only what lies on the way to them is copied. */
export function withParts(value: unknown, parts: readonly ValuePart[], instead: (part: ValuePart) => unknown): unknown {
  return parts.reduce((whole, part) => replaced(whole, part.path, instead(part)), value);
}

/** The value with `null` in the places of its parts. */
export function withoutParts(value: unknown, parts: readonly ValuePart[]): unknown {
  return withParts(value, parts, () => null);
}

/** The place of a part, as an error says it. */
function placeOf(name: string, path: PartPath): string {
  return path.reduce<string>((text, key) => text + (typeof key === 'number' ? `[${key}]` : `.${key}`), name);
}

/**
 * Puts something in its place inside a value that was just received.
 *
 * @returns the value, which is another one for an empty path; undefined where there is no such place
 */
export function putAt(value: unknown, path: PartPath, part: unknown): { readonly value: unknown } | undefined {
  const last = path.at(-1);
  if (last === undefined) return { value: part };
  let holder: unknown = value;
  for (const key of path.slice(0, -1)) {
    if (!isHolder(holder) || !Object.hasOwn(holder, key)) return undefined;
    holder = Reflect.get(holder, key);
  }
  if (!isHolder(holder) || !Object.hasOwn(holder, last)) return undefined;
  // Defined and not set: a key may be called `__proto__`.
  Object.defineProperty(holder, last, { value: part, enumerable: true, configurable: true, writable: true });
  return { value };
}

class PartSearch {
  parts: readonly ValuePart[] = none;
  readonly #name: string;
  #seen: Set<object> | undefined;
  #places = 0;

  constructor(name: string) {
    this.#name = name;
  }

  visit(value: object, path: PartPath): void {
    if (typeof value === 'function')
      return this.#add({ type: 'callback', path, callback: this.#callback(value, path) });
    if (!isHolder(value)) {
      if (isStream(value)) this.#addStream(value, path);
      return;
    }
    if (path.length >= deepestPart) return;
    // The indexes of a long list are not made before they are looked at.
    for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
      if (++this.#places > mostPlaces) return;
      const child: unknown = Reflect.get(value, key);
      if (typeof child !== 'function' && (typeof child !== 'object' || child === null)) continue;
      this.#seen ??= new Set([value]);
      if (this.#seen.has(child)) continue;
      this.#seen.add(child);
      this.visit(child, [...path, key]);
    }
  }

  #add(part: ValuePart): void {
    this.parts = [...this.parts, part];
  }

  #addStream(stream: ReadableStream, path: PartPath): void {
    if (stream.locked) {
      const reason = 'somebody reads the stream already';
      throw fail('VALUE_NOT_CLONEABLE', { path: placeOf(this.#name, path), reason });
    }
    this.#add({ type: 'stream', path, stream });
  }

  #callback(value: object, path: PartPath): Callback {
    const callback = callbackOf(value);
    if (callback === undefined) throw fail('CALLBACK_NEEDED', { path: placeOf(this.#name, path) });
    if (callback.isGone) throw fail('CALLBACK_GONE');
    return callback;
  }
}

/** A copy of the holders on the way to a place, with something else there. */
function replaced(value: unknown, [key, ...rest]: PartPath, part: unknown): unknown {
  if (key === undefined) return part;
  if (!isHolder(value)) return value;
  const copy: object = Array.isArray(value) ? [...(value as readonly unknown[])] : { ...value };
  const inside = replaced(Reflect.get(value, key), rest, part);
  Object.defineProperty(copy, key, { value: inside, enumerable: true, configurable: true, writable: true });
  return copy;
}

/** Whether parts are looked for inside: plain objects and lists. */
function isHolder(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Asked by its tag: the class itself would be loaded by asking for it. */
function isStream(value: object): value is ReadableStream {
  return Symbol.toStringTag in value && value[Symbol.toStringTag] === 'ReadableStream';
}
