/** What a generation holds that must be undone when it ends. */
export interface LedgerEntry {
  /** The work ended by itself, as a timer does that has fired: nothing is left to undo. */
  forget(): void;
}

interface Line extends LedgerEntry {
  readonly kind: string;
  readonly label: string;
  readonly undo: () => void | Promise<void>;
  /** On the monotonic clock. */
  readonly since: number;
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
  readonly #changed: () => void;
  #isClosed = false;

  /** @param changed called whenever a line comes or goes */
  constructor(changed: () => void = () => {}) {
    this.#changed = changed;
  }

  /** Once closed, whatever is added is undone at once: a stopped generation can begin nothing. */
  add(kind: string, label: string, undo: () => void | Promise<void>): LedgerEntry {
    const line: Line = { kind, label, undo, since: performance.now(), forget: () => this.#forget(line) };
    // Nobody is left who could be told that this undoing failed.
    if (this.#isClosed) void (async () => undo())().catch(() => {});
    else this.#lines.add(line);
    this.#changed();
    return line;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The lines that have stood for longest. */
  oldest(most: number): readonly { readonly kind: string; readonly label: string; readonly ageMs: number }[] {
    const now = performance.now();
    // A set keeps the order in which its lines came.
    return Array.from(this.#lines.values().take(most), ({ kind, label, since }) => ({
      kind,
      label,
      ageMs: now - since,
    }));
  }

  /** How many lines there are of each kind. */
  counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { kind } of this.#lines) counts[kind] = (counts[kind] ?? 0) + 1;
    return counts;
  }

  /**
   * Undoes every line, last first. A step that fails does not stop the others. Once `limit` is aborted the rest is
   * still undone, but no step is waited for.
   */
  async undoAll(limit: AbortSignal): Promise<readonly UndoFailure[]> {
    this.#isClosed = true;
    const failures: UndoFailure[] = [];
    for (const line of [...this.#lines].toReversed()) {
      this.#lines.delete(line);
      try {
        const undone = line.undo();
        if (undone) await unlessAborted(undone, limit);
      } catch (error) {
        failures.push({ kind: line.kind, label: line.label, error });
      }
    }
    return failures;
  }

  #forget(line: Line): void {
    if (this.#lines.delete(line)) this.#changed();
  }
}

/** What `work` settles with; rejects with the signal's reason if that is aborted first. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
