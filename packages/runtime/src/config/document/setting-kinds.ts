import { isIP } from 'node:net';
import { parseDuration, parseSize } from '@hotswap/protocol';
import { type LayerName, layerNames } from '@hotswap/sandbox/words';
import type { IsolationLevel } from '@hotswap/protocol';

/** How one kind of setting is written, in a file and in a variable. */
export interface SettingKind<T> {
  /** Completes the sentence "must be ...". */
  readonly expects: string;
  /** The setting's value; `undefined` if `value` is none of this kind. */
  read(value: unknown): T | undefined;
  /** What the text of a variable would be in a file. */
  fromText(text: string): unknown;
}

/** Where to listen. No host means all interfaces. */
export interface Bind {
  readonly host: string | undefined;
  readonly port: number;
}

const asIs = (text: string): unknown => text;
const asNumber = (text: string): unknown => (/^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text);

/** Text that is not empty. */
export const text: SettingKind<string> = {
  expects: 'a text that is not empty',
  read: (value) => (typeof value === 'string' && value !== '' ? value : undefined),
  fromText: asIs,
};

export const flag: SettingKind<boolean> = {
  expects: 'true or false',
  read: (value) => (typeof value === 'boolean' ? value : undefined),
  fromText: (written) => ({ true: true, '1': true, false: false, '0': false })[written.toLowerCase()],
};

/** A whole number above zero. */
export const count: SettingKind<number> = {
  expects: 'a whole number above 0',
  read: (value) => (typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined),
  fromText: asNumber,
};

/** A whole number, zero included. */
export const countOrNone: SettingKind<number> = {
  expects: 'a whole number, 0 or above',
  read: (value) => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined),
  fromText: asNumber,
};

/** A number above zero and at most one. */
export const share: SettingKind<number> = {
  expects: 'a number above 0 and at most 1',
  read: (value) => (typeof value === 'number' && value > 0 && value <= 1 ? value : undefined),
  fromText: asNumber,
};

/** One word of several. */
export function oneOf<Word extends string>(words: readonly Word[]): SettingKind<Word> {
  return {
    expects: `one of ${words.join(', ')}`,
    read: (value) => words.find((word) => word === value),
    fromText: asIs,
  };
}

/** Milliseconds, from `30s`, `PT30S` or a number of milliseconds. */
export const duration: SettingKind<number> = {
  expects: 'a duration such as "30s" or "PT30S"',
  read: (value) => readUnit(value, parseDuration),
  fromText: asNumber,
};

/** Bytes, from `10MB` or a number of bytes. */
export const size: SettingKind<number> = {
  expects: 'a size such as "10MB"',
  read: (value) => readUnit(value, parseSize),
  fromText: asNumber,
};

/** A list of texts; in a variable separated by commas, or a JSON array. */
export const texts: SettingKind<readonly string[]> = {
  expects: 'a list of texts',
  read: (value) =>
    Array.isArray(value) && value.every((item): item is string => typeof item === 'string') ? value : undefined,
  fromText: listFromText,
};

/** Names of layers of the sandbox. */
export const layers: SettingKind<readonly LayerName[]> = {
  expects: `a list of ${layerNames.join(', ')}`,
  read: (value) => (texts.read(value)?.every(isLayer) ? (value as readonly LayerName[]) : undefined),
  fromText: listFromText,
};

/** Addresses and networks, such as `10.0.0.0/8`. */
export const networks: SettingKind<readonly string[]> = {
  expects: 'a list of addresses or networks such as "10.0.0.0/8"',
  read: (value) => (texts.read(value)?.every(isNetwork) ? texts.read(value) : undefined),
  fromText: listFromText,
};

export const bind: SettingKind<Bind> = {
  expects: 'an address such as "127.0.0.1:8080", or ":8080" for all interfaces',
  read: (value) => (typeof value === 'string' ? readBind(value) : undefined),
  fromText: asIs,
};

const levels: readonly IsolationLevel[] = ['none', 'basic', 'strict', 'sandbox', 'container'];

export const isolation: SettingKind<IsolationLevel> = oneOf(levels);

export const violationAnswer: SettingKind<'alert' | 'restart'> = oneOf(['alert', 'restart']);

/** A list written in one line: a JSON array, else items between commas. */
export function listFromText(written: string): unknown {
  return written.trimStart().startsWith('[') ? fromJson(written) : written.split(',').map((item) => item.trim());
}

/** The JSON value of a text; `undefined` if it is no JSON. */
export function fromJson(written: string): unknown {
  try {
    return JSON.parse(written);
  } catch {
    return undefined; // the caller reports the text itself as wrong
  }
}

function isLayer(name: string): name is LayerName {
  return layerNames.some((layer) => layer === name);
}

function readUnit(value: unknown, parse: (value: string | number) => number): number | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  try {
    return parse(value);
  } catch {
    return undefined; // reported with the sentence of the kind, which names an example
  }
}

function readBind(value: string): Bind | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s/]*)):(\d{1,5})$/.exec(value);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) return undefined;
  if (match[1] !== undefined && isIP(match[1]) !== 6) return undefined;
  return { host: match[1] ?? (match[2] || undefined), port };
}

function isNetwork(value: string): boolean {
  const [address = '', prefix, ...rest] = value.split('/');
  const bits = isIP(address) === 6 ? 128 : 32;
  if (isIP(address) === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits);
}
