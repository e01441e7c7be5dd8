/** A way from the root of a config to a value: keys, and numbers inside arrays. */
export type KeyPath = readonly (string | number)[];

/** A place in a text; line and column count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where each key of one config text stands. */
export class PositionIndex {
  readonly #offsets = new Map<string, number>();
  readonly #lineStarts: readonly number[];

  constructor(text: string) {
    this.#lineStarts = [0, ...Array.from(text.matchAll(/\n/g), (match) => match.index + 1)];
  }

  /** The first mention of a path keeps its place. */
  add(path: KeyPath, offset: number): void {
    const key = JSON.stringify(path);
    if (!this.#offsets.has(key)) this.#offsets.set(key, offset);
  }

  /** Finds a path, or the nearest path above it that is in the text. */
  locate(path: KeyPath): Position | undefined {
    for (let length = path.length; length > 0; length -= 1) {
      const offset = this.#offsets.get(JSON.stringify(path.slice(0, length)));
      if (offset !== undefined) return this.at(offset);
    }
    return undefined;
  }

  at(offset: number): Position {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#lineStarts[low] ?? 0) + 1 };
  }
}
