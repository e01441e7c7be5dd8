import { fail } from '../../errors.ts';
import type { ConfigDocument } from './config-document.ts';
import { nearestName } from '../../nearest-name.ts';
import type { KeyPath, Position } from './position-index.ts';
import type { SettingKind } from './setting-kinds.ts';

/** One thing to correct in a config. The place is missing for what is in no file. */
export interface ConfigProblem extends Partial<Position> {
  /** Dotted, as it is written in the file; or the name of an environment variable. */
  readonly path: string;
  readonly message: string;
}

/** Every environment variable of HotSwap begins so. */
export const variablePrefix = 'HOTSWAP_';

/**
 * Reads settings by asking for them; whatever nobody asks for is a mistake in the file.
 *
 * A variable outranks the file. Wrong values are collected, never thrown, so that all are reported at once;
 * the fallback stands in for them meanwhile.
 */
export class SettingsReader {
  readonly root: SettingsSection;
  readonly #document: ConfigDocument;
  readonly #variables: ReadonlyMap<string, string>;
  readonly #problems: ConfigProblem[] = [];
  readonly #askedVariables = new Set<string>();

  constructor(document: ConfigDocument, variables: ReadonlyMap<string, string>) {
    this.#document = document;
    this.#variables = variables;
    this.root = new SettingsSection(this, [], document.value);
  }

  /** Everything found so far, in the order of the file, then the environment. */
  problems(): readonly ConfigProblem[] {
    return this.#problems.toSorted(
      (a, b) => (a.line ?? Infinity) - (b.line ?? Infinity) || (a.column ?? 0) - (b.column ?? 0) || 0,
    );
  }

  report(path: KeyPath, message: string): void {
    this.#problems.push({ path: dotted(path), message, ...this.#document.locate(path) });
  }

  reportVariable(name: string, message: string): void {
    this.#problems.push({ path: name, message });
  }

  variable(path: KeyPath): { readonly name: string; readonly text: string | undefined } {
    const name = variableName(path);
    this.#askedVariables.add(name);
    return { name, text: this.#variables.get(name) };
  }

  isSettingVariable(name: string): boolean {
    return this.#askedVariables.has(name);
  }

  reportUnknownVariable(name: string): void {
    this.reportVariable(name, `is no setting${didYouMean(nearestName(name, this.#askedVariables))}`);
  }
}

/** One table of the file. Ask for each of its keys, then `close` it. */
export class SettingsSection {
  readonly path: KeyPath;
  readonly #reader: SettingsReader;
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #asked = new Set<string>();
  readonly #hasVariables: boolean;

  constructor(reader: SettingsReader, path: KeyPath, value: unknown, hasVariables = true) {
    this.path = path;
    this.#reader = reader;
    this.#hasVariables = hasVariables;
    this.#values = isTable(value) ? value : {};
    if (value !== undefined && !isTable(value)) {
      reader.report(path, path.length === 0 ? 'the file must hold a table of settings' : 'must be a table');
    }
  }

  /** The setting, from the variable, else the file, else `fallback`. */
  read<T, F>(key: string, kind: SettingKind<T>, fallback: F): T | F {
    this.#asked.add(key);
    const variable = this.#hasVariables ? this.#reader.variable([...this.path, key]) : undefined;
    if (variable?.text !== undefined) {
      const value = kind.read(kind.fromText(variable.text));
      if (value !== undefined) return value;
      this.#reader.reportVariable(variable.name, wrongKind(kind, variable.text));
      return fallback;
    }
    const given = this.#values[key];
    if (given === undefined) return fallback;
    const value = kind.read(given);
    if (value === undefined) this.report(key, wrongKind(kind, given));
    return value ?? fallback;
  }

  section(key: string): SettingsSection {
    return new SettingsSection(this.#reader, [...this.path, key], this.raw(key), this.#hasVariables);
  }

  /** A table with keys of the file's own choosing, which no variable sets. */
  sectionOfFile(key: string): SettingsSection {
    return new SettingsSection(this.#reader, [...this.path, key], this.raw(key), false);
  }

  /** The value as it stands, for content that another schema judges. */
  raw(key: string): unknown {
    this.#asked.add(key);
    return this.#values[key];
  }

  /** The value as it stands, without asking for it. */
  peek(key: string): unknown {
    return this.#values[key];
  }

  /** Everything that nothing has asked for, for content that another schema judges. */
  takeAll(): Readonly<Record<string, unknown>> {
    return Object.fromEntries(this.remaining().map((key) => [key, this.raw(key)]));
  }

  /** Keys of the file that nothing has asked for yet. */
  remaining(): readonly string[] {
    return Object.keys(this.#values).filter((key) => !this.#asked.has(key));
  }

  report(key: string, message: string): void {
    this.reportBelow([key], message);
  }

  reportBelow(path: KeyPath, message: string): void {
    this.#reader.report([...this.path, ...path], message);
  }

  /** Reports each key that nothing asked for, with the nearest known one, or with `advice`. */
  close(advice?: (key: string) => string): void {
    for (const key of this.remaining()) {
      const nearest = nearestName(key, this.#asked);
      this.report(key, `is no setting${nearest === undefined && advice ? `; ${advice(key)}` : didYouMean(nearest)}`);
    }
  }
}

function wrongKind(kind: SettingKind<unknown>, given: unknown): string {
  return `must be ${kind.expects}, is ${JSON.stringify(given)}`;
}

/** One CONFIG_INVALID that lists every problem with its place. */
export function invalidConfig(file: string, problems: readonly ConfigProblem[]): Error {
  const lines = problems.map(({ path, message, line, column }) => {
    return line === undefined ? `  ${path} ${message}` : `  ${file}:${line}:${column}: ${path} ${message}`;
  });
  return fail('CONFIG_INVALID', { file, count: countOf(problems), list: lines.join('\n'), problems });
}

/** `1 problem`, `2 problems`. */
export function countOf(problems: readonly unknown[]): string {
  return `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`;
}

/** `plugins.loadTimeout` is set by `HOTSWAP_PLUGINS_LOAD_TIMEOUT`. */
function variableName(path: KeyPath): string {
  return variablePrefix + path.map((part) => upperSnake(String(part))).join('_');
}

/** `maxMemoryMB` is `MAX_MEMORY_MB`, `rate-limit` is `RATE_LIMIT`. */
export function upperSnake(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toUpperCase();
}

export function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function dotted(path: KeyPath): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${part}`))
    .join('');
}

export function didYouMean(nearest: string | undefined): string {
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
}
