const keptLines = 20;
const longestLine = 8_192;

/** Cuts what a thread writes into lines, and keeps the last of them. A line without an end is cut. */
export class OutputLines {
  readonly #onLine: (line: string) => void;
  readonly #kept: string[] = [];
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** The last lines, oldest first, with what has no end yet. */
  get last(): readonly string[] {
    return this.#rest === '' ? [...this.#kept] : [...this.#kept, this.#rest];
  }

  push(text: string): void {
    const lines = (this.#rest + text).split(/\r?\n/);
    const rest = lines.pop() ?? '';
    const isTooLong = rest.length > longestLine;
    for (const line of isTooLong ? [...lines, rest] : lines) this.#add(line.slice(0, longestLine));
    this.#rest = isTooLong ? '' : rest;
  }

  #add(line: string): void {
    if (line === '') return;
    this.#kept.push(line);
    if (this.#kept.length > keptLines) this.#kept.shift();
    this.#onLine(line);
  }
}
