interface Waiting {
  readonly key: string;
  readonly begin: () => void;
}

/** Lets a bounded number of jobs run at once, and never two with the same key. First come, first served. */
export class BuildTurns {
  readonly #limit: number;
  readonly #running = new Set<string>();
  readonly #waiting: Waiting[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  isRunning(key: string): boolean {
    return this.#running.has(key);
  }

  /** Waits for a turn, then runs the job. An abort ends the waiting, here and for a job that runs; the job itself goes on. */
  async run<Result>(key: string, job: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    await this.#turn(key, signal);
    const result = job().finally(() => this.#end(key));
    return abortable(result, signal);
  }

  async #turn(key: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const turn = Promise.withResolvers<void>();
    const waiting: Waiting = { key, begin: turn.resolve };
    this.#waiting.push(waiting);
    this.#beginNext();
    try {
      await abortable(turn.promise, signal);
    } catch (error) {
      const place = this.#waiting.indexOf(waiting);
      if (place >= 0) this.#waiting.splice(place, 1);
      else this.#end(key);
      throw error;
    }
  }

  #end(key: string): void {
    this.#running.delete(key);
    this.#beginNext();
  }

  #beginNext(): void {
    if (this.#running.size >= this.#limit) return;
    const place = this.#waiting.findIndex(({ key }) => !this.#running.has(key));
    const [next] = place < 0 ? [] : this.#waiting.splice(place, 1);
    if (next === undefined) return;
    this.#running.add(next.key);
    next.begin();
    this.#beginNext();
  }
}

/** The result of a promise, or the signal's reason if that comes first. */
async function abortable<Result>(result: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([result, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
