import { PositionIndex } from './position-index.ts';
import type { KeyPath } from './position-index.ts';

/**
 * Finds where every key and array element of a TOML text stands.
 *
 * The text has already been parsed: it is known to be valid, so this only follows its structure and never judges it.
 */
export function tomlPositions(text: string): PositionIndex {
  const index = new PositionIndex(text);
  new TomlScanner(text, index).scanDocument();
  return index;
}

interface KeyPart {
  readonly name: string;
  readonly offset: number;
}

/** What ends a value that has no quotes and no brackets. A date may hold a space, so a space is not among them. */
const bareValue = /[^,\]}#\r\n]*/y;
const blank = /(?:[ \t\r\n]|#[^\n]*)*/y;
const space = /[ \t]*/y;
const bareKey = /[A-Za-z0-9_-]+/y;

class TomlScanner {
  readonly #text: string;
  readonly #index: PositionIndex;
  /** How many tables each `[[array]]` has so far. */
  readonly #tableCounts = new Map<string, number>();
  #at = 0;

  constructor(text: string, index: PositionIndex) {
    this.#text = text;
    this.#index = index;
  }

  scanDocument(): void {
    let table: KeyPath = [];
    for (this.#skip(blank); this.#at < this.#text.length; this.#skip(blank)) {
      if (this.#text[this.#at] === '[') table = this.#scanHeader();
      else this.#scanPair(table);
    }
  }

  #scanHeader(): KeyPath {
    const isArray = this.#text.startsWith('[[', this.#at);
    this.#at += isArray ? 2 : 1;
    const parts = this.#scanKey();
    this.#at += isArray ? 2 : 1;
    let path: KeyPath = [];
    for (const [depth, part] of parts.entries()) {
      path = [...path, part.name];
      this.#index.add(path, part.offset);
      const key = JSON.stringify(path);
      const count = this.#tableCounts.get(key);
      if (isArray && depth === parts.length - 1) {
        this.#tableCounts.set(key, (count ?? 0) + 1);
        path = [...path, count ?? 0];
        this.#index.add(path, part.offset);
      } else if (count !== undefined) path = [...path, count - 1];
    }
    return path;
  }

  #scanPair(table: KeyPath): void {
    let path = table;
    for (const part of this.#scanKey()) {
      path = [...path, part.name];
      this.#index.add(path, part.offset);
    }
    this.#at += 1; // the equals sign
    this.#skip(space);
    this.#scanValue(path);
  }

  /** Leaves the position at what follows the dotted key: `=` or `]`. */
  #scanKey(): readonly KeyPart[] {
    const parts: KeyPart[] = [];
    for (;;) {
      this.#skip(space);
      const offset = this.#at;
      const quote = this.#text[offset];
      if (quote === '"' || quote === "'") {
        this.#scanString();
        parts.push({ name: unquote(this.#text.slice(offset, this.#at)), offset });
      } else {
        this.#skip(bareKey);
        parts.push({ name: this.#text.slice(offset, this.#at), offset });
      }
      this.#skip(space);
      if (this.#text[this.#at] !== '.') return parts;
      this.#at += 1;
    }
  }

  #scanValue(path: KeyPath): void {
    const first = this.#text[this.#at];
    if (first === '"' || first === "'") this.#scanString();
    else if (first === '[') this.#scanArray(path);
    else if (first === '{') this.#scanInlineTable(path);
    else this.#skip(bareValue);
  }

  #scanArray(path: KeyPath): void {
    this.#at += 1;
    this.#skip(blank);
    for (let position = 0; this.#at < this.#text.length && this.#text[this.#at] !== ']'; position += 1) {
      this.#index.add([...path, position], this.#at);
      this.#scanValue([...path, position]);
      this.#skipSeparator();
    }
    this.#at += 1;
  }

  #scanInlineTable(path: KeyPath): void {
    this.#at += 1;
    this.#skip(blank);
    while (this.#at < this.#text.length && this.#text[this.#at] !== '}') {
      this.#scanPair(path);
      this.#skipSeparator();
    }
    this.#at += 1;
  }

  #scanString(): void {
    const quote = this.#text[this.#at] ?? '"';
    const fence = quote.repeat(3);
    if (!this.#text.startsWith(fence, this.#at)) {
      this.#at += 1;
      this.#skipTo(quote, quote === '"');
      return;
    }
    this.#at += 3;
    this.#skipTo(fence, quote === '"');
    // Up to two more quotes may stand directly before the closing fence: they are part of the string.
    while (this.#text[this.#at] === quote) this.#at += 1;
  }

  /** Goes past `end`; in strings with escapes a backslash hides the character after it. */
  #skipTo(end: string, hasEscapes: boolean): void {
    while (this.#at < this.#text.length && !this.#text.startsWith(end, this.#at)) {
      this.#at += hasEscapes && this.#text[this.#at] === '\\' ? 2 : 1;
    }
    this.#at += end.length;
  }

  #skipSeparator(): void {
    this.#skip(blank);
    if (this.#text[this.#at] === ',') this.#at += 1;
    this.#skip(blank);
  }

  #skip(pattern: RegExp): void {
    pattern.lastIndex = this.#at;
    pattern.test(this.#text);
    this.#at = Math.max(this.#at, pattern.lastIndex);
  }
}

/** A basic key uses JSON's escapes, and `\UXXXXXXXX` besides. */
function unquote(quoted: string): string {
  if (quoted.startsWith("'")) return quoted.slice(1, -1);
  const escaped = quoted
    .replaceAll('\t', '\\t')
    .replace(/\\(?:U([0-9a-fA-F]{8})|e|x([0-9a-fA-F]{2})|.)/g, (all, long?: string, short?: string) => {
      if (long ?? short)
        return JSON.stringify(String.fromCodePoint(Number.parseInt(long ?? short ?? '0', 16))).slice(1, -1);
      return all === '\\e' ? '\\u001b' : all;
    });
  return String(JSON.parse(escaped));
}
