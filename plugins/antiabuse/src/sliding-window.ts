/** What one client did, in the current stretch of time and the one before. */
interface Usage {
  /** Number of the current stretch since the epoch. */
  stretch: number;
  current: number;
  previous: number;
  /** The stretch in which the client was last refused. */
  refusedIn: number;
}

/** Whether one more is within the limit. */
export type Decision =
  | { readonly isAllowed: true }
  | {
      readonly isAllowed: false;
      readonly retryAfterMs: number;
      /** The first refusal in this stretch of time: reason to tell somebody, once. */
      readonly isFirst: boolean;
    };

/** The usage of every client, as plain data. */
export type WindowState = readonly (readonly [client: string, usage: Readonly<Usage>])[];

/**
 * Counts what each client does in a sliding window, with two numbers a client: the stretch before counts by the part
 * of it that still lies inside the window. Never remembers more than `maxClients`.
 */
export class SlidingWindow {
  /** In the order in which clients were last seen. */
  readonly #clients: Map<string, Usage>;
  readonly #windowMs: number;
  readonly #maxClients: number;

  constructor(options: { readonly windowMs: number; readonly maxClients: number }, state: WindowState = []) {
    this.#windowMs = options.windowMs;
    this.#maxClients = options.maxClients;
    this.#clients = new Map(state.map(([client, usage]) => [client, { ...usage }]));
  }

  get size(): number {
    return this.#clients.size;
  }

  /** Counts one more for the client, unless that would be more than `limit` in the window. Refusals are not counted. */
  take(client: string, limit: number, now: number): Decision {
    const usage = this.#usageOf(client, Math.floor(now / this.#windowMs));
    const waitMs = this.#waitFor(usage, limit, now);
    if (waitMs === 0) {
      usage.current += 1;
      return { isAllowed: true };
    }
    const isFirst = usage.refusedIn !== usage.stretch;
    usage.refusedIn = usage.stretch;
    return { isAllowed: false, retryAfterMs: waitMs, isFirst };
  }

  exportState(): WindowState {
    return [...this.#clients];
  }

  /** The client's usage moved on to `stretch`, and to the end of the line of those to be forgotten. */
  #usageOf(client: string, stretch: number): Usage {
    const usage = this.#clients.get(client) ?? { stretch, current: 0, previous: 0, refusedIn: -1 };
    if (usage.stretch !== stretch) {
      usage.previous = usage.stretch === stretch - 1 ? usage.current : 0;
      usage.current = 0;
      usage.stretch = stretch;
    }
    this.#clients.delete(client);
    this.#clients.set(client, usage);
    this.#forgetOldest();
    return usage;
  }

  #forgetOldest(): void {
    for (const client of this.#clients.keys()) {
      if (this.#clients.size <= this.#maxClients) return;
      this.#clients.delete(client);
    }
  }

  /** Milliseconds until one more fits; 0 when it fits now. */
  #waitFor({ stretch, current, previous }: Usage, limit: number, now: number): number {
    const room = limit - 1 - current;
    // With no room at all in this stretch, what counts now is what is before in the next one.
    const [begin, before, free] = room >= 0 ? [stretch, previous, room] : [stretch + 1, current, limit - 1];
    if (free < 0) return this.#windowMs;
    const share = before === 0 ? 1 : Math.min(1, free / before);
    const fitsAt = (begin + 1 - share) * this.#windowMs;
    return Math.max(0, Math.ceil(fitsAt - now));
  }
}
