import { readSync } from 'node:fs';

/** Longer strings, such as whole sources, are cut: only names are read here. */
const longestString = 512;

/** The strings of a snapshot. They stay in the file, and one is read when somebody asks for it. */
export class SnapshotStrings {
  readonly #file: number;
  readonly #offsets: Float64Array;
  readonly #known = new Map<number, string>();
  /** Numbers of the strings that describe a pair in a weak map. */
  readonly weakPairs: ReadonlySet<number>;
  readonly #numbers: ReadonlyMap<string, number>;

  /**
   * @param offsets where each string begins, behind its quotation mark
   * @param numbers the numbers of some names that will be looked for
   */
  constructor(
    file: number,
    offsets: Float64Array,
    found: { readonly numbers: ReadonlyMap<string, number>; readonly weakPairs: ReadonlySet<number> },
  ) {
    this.#file = file;
    this.#offsets = offsets;
    this.#numbers = found.numbers;
    this.weakPairs = found.weakPairs;
  }

  /** The number of one of the names that were looked for while the file was read. */
  numberOf(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  at(index: number): string {
    let text = this.#known.get(index);
    if (text === undefined) {
      text = this.#read(index);
      this.#known.set(index, text);
    }
    return text;
  }

  #read(index: number): string {
    const offset = this.#offsets[index];
    if (offset === undefined) return '';
    const bytes = Buffer.allocUnsafe(longestString);
    const length = readSync(this.#file, bytes, 0, longestString, offset);
    return decodeJsonText(bytes.toString('utf8', 0, length));
  }
}

/** The text up to the closing quotation mark, or as much as there is. */
function decodeJsonText(text: string): string {
  const [whole = ''] = /^(?:[^"\\]|\\u[\da-fA-F]{4}|\\[^u])*/.exec(text) ?? [];
  return String(JSON.parse(`"${whole}"`));
}
