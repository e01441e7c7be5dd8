/** What a generation holds that must be undone when it ends. */
export interface LedgerEntry {
  /** The work ended by itself, as a timer does that has fired: nothing is left to undo. */
  forget(): void;
}

interface Line extends LedgerEntry {
  readonly kind: string;
  readonly label: string;
  readonly undo: () => void | Promise<void>;
}

/** An undo step that failed, with what it was about. */
export interface UndoFailure {
  readonly kind: string;
  readonly label: string;
  readonly error: unknown;
}

/** Everything one generation registered or began, undone last-first when it ends. */
export class Ledger {
  readonly #lines = new Set<Line>();
  #isClosed = false;

  /** Once closed, whatever is added is undone at once: a stopped generation can begin nothing. */
  add(kind: string, label: string, undo: () => void | Promise<void>): LedgerEntry {
    const line: Line = { kind, label, undo, forget: () => void this.#lines.delete(line) };
    if (this.#isClosed) void Promise.resolve(undo()).catch(() => {});
    else this.#lines.add(line);
    return line;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** How many lines there are of each kind. */
  counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { kind } of this.#lines) counts[kind] = (counts[kind] ?? 0) + 1;
    return counts;
  }

  /** Undoes every line, last first. A step that fails does not stop the others. */
  async undoAll(): Promise<readonly UndoFailure[]> {
    this.#isClosed = true;
    const failures: UndoFailure[] = [];
    for (const line of [...this.#lines].toReversed()) {
      this.#lines.delete(line);
      try {
        await line.undo();
      } catch (error) {
        failures.push({ kind: line.kind, label: line.label, error });
      }
    }
    return failures;
  }
}
