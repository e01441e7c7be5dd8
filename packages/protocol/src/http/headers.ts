/// <reference lib="esnext.iterator" />
import { isBranded } from './brand.ts';

/** Everything a set of header fields can be made from. */
export type HeaderInit =
  | Headers
  | NonNullable<ResponseInit['headers']>
  | Iterable<readonly [string, string]>
  | Readonly<Record<string, string | readonly string[]>>;

const brand: unique symbol = Symbol.for('hotswap.http.headers') as never;
const token = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;
// eslint-disable-next-line no-control-regex -- these three and everything past latin-1 are what a value may not hold
const badValue = /[\0\r\n\u0100-\uffff]/;

/**
 * `Headers` over a flat list of names and values, the shape in which Node hands them over.
 *
 * Nothing is copied, sorted or lower-cased before somebody looks. Names compare without case.
 */
export class HotHeaders implements Headers {
  // Names and values in turn, names as written. Replaced, never changed in place: the list may belong to the host.
  #fields: readonly string[];

  constructor(init?: HeaderInit) {
    this.#fields = [];
    if (init === undefined) return;
    const fields = flattenFields(init);
    for (let i = 0; i < fields.length; i += 2) this.append(fields[i] ?? '', fields[i + 1] ?? '');
  }

  /** Wraps a list that a parser has already checked. The list is not copied and must not change afterwards. */
  static fromRaw(fields: readonly string[]): HotHeaders {
    const headers = new HotHeaders();
    headers.#fields = fields;
    return headers;
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    if (this !== HotHeaders) return Function.prototype[Symbol.hasInstance].call(this, value);
    return isBranded(value, brand, 'Headers');
  }

  get [brand](): true {
    return true;
  }

  get [Symbol.toStringTag](): string {
    return 'Headers';
  }

  append(name: string, value: string): void {
    this.#fields = [...this.#fields, checkedName(name), checkedValue(name, value)];
  }

  set(name: string, value: string): void {
    const text = checkedValue(name, value);
    this.delete(name);
    this.#fields = [...this.#fields, name, text];
  }

  delete(name: string): void {
    const wanted = checkedName(name).toLowerCase();
    if (!hasField(this.#fields, wanted)) return;
    this.#fields = this.#fields.filter((_, i, all) => !sameName(all[i - (i % 2)] ?? '', wanted));
  }

  has(name: string): boolean {
    return hasField(this.#fields, checkedName(name).toLowerCase());
  }

  get(name: string): string | null {
    return fieldValue(this.#fields, checkedName(name).toLowerCase());
  }

  getSetCookie(): string[] {
    return this.#fields.filter((_, i, all) => i % 2 === 1 && sameName(all[i - 1] ?? '', 'set-cookie'));
  }

  forEach(visit: (value: string, name: string, headers: Headers) => void, thisArg?: unknown): void {
    for (const [name, value] of this.#sorted()) visit.call(thisArg, value, name, this);
  }

  entries(): ReturnType<Headers['entries']> {
    return this.#sorted().values();
  }

  keys(): ReturnType<Headers['keys']> {
    return this.entries().map(([name]) => name);
  }

  values(): ReturnType<Headers['values']> {
    return this.entries().map(([, value]) => value);
  }

  [Symbol.iterator](): ReturnType<Headers['entries']> {
    return this.entries();
  }

  /** The fields as a flat list of names and values, in the order they were added. A copy. */
  toRaw(): string[] {
    return [...this.#fields];
  }

  #sorted(): [string, string][] {
    const names = new Set<string>();
    for (let i = 0; i < this.#fields.length; i += 2) names.add((this.#fields[i] ?? '').toLowerCase());
    return [...names]
      .toSorted()
      .flatMap((name): [string, string][] =>
        name === 'set-cookie'
          ? this.getSetCookie().map((value) => [name, value])
          : [[name, fieldValue(this.#fields, name) ?? '']],
      );
  }
}

/** Header fields as a flat list of names and values; neither is checked. Always a fresh list. */
export function flattenFields(init: HeaderInit): string[] {
  if (init instanceof HotHeaders && 'toRaw' in init) return init.toRaw();
  const fields: string[] = [];
  if (isIterable(init)) {
    for (const [name, value] of init) fields.push(name, value);
    return fields;
  }
  for (const [name, value] of Object.entries(init)) {
    if (Array.isArray(value)) for (const one of value) fields.push(name, String(one));
    else if (value !== undefined) fields.push(name, typeof value === 'string' ? value : String(value));
  }
  return fields;
}

/** Whether a flat list has the field. `name` is in lower case. */
export function hasField(fields: readonly string[], name: string): boolean {
  for (let i = 0; i < fields.length; i += 2) if (sameName(fields[i] ?? '', name)) return true;
  return false;
}

/** All values of a field in a flat list, joined as HTTP says; `null` without one. `name` is in lower case. */
export function fieldValue(fields: readonly string[], name: string): string | null {
  let joined: string | null = null;
  for (let i = 0; i < fields.length; i += 2) {
    if (!sameName(fields[i] ?? '', name)) continue;
    const value = fields[i + 1] ?? '';
    joined = joined === null ? value : joined + (name === 'cookie' ? '; ' : ', ') + value;
  }
  return joined;
}

function sameName(written: string, lower: string): boolean {
  return written.length === lower.length && (written === lower || written.toLowerCase() === lower);
}

function isIterable(init: HeaderInit): init is Iterable<readonly [string, string]> & HeaderInit {
  return Symbol.iterator in init;
}

function checkedName(name: string): string {
  if (!token.test(name)) throw new TypeError(`${JSON.stringify(name)} is not a header name`);
  return name;
}

function checkedValue(name: string, value: string): string {
  const trimmed = String(value).replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, '');
  if (badValue.test(trimmed)) throw new TypeError(`the value of header ${name} holds a character it may not hold`);
  return trimmed;
}
