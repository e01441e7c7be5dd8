import type { HostClock } from '../system-clock.ts';

/** A turn that takes longer is overtaken: it may be waiting for a transaction that stands behind it. */
const stallMs = 100;

/** Transactions of one plugin that have met go one after the other: together most of them would lose again, and again. */
export class TransactionTurns {
  readonly #clock: Pick<HostClock, 'after'>;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #cancelStall: (() => void) | undefined;

  constructor(clock: Pick<HostClock, 'after'>) {
    this.#clock = clock;
  }

  /** Whether some have met, and a new one would be the next to get in their way. */
  get areTaken(): boolean {
    return this.#running > 0;
  }

  /** Resolves when it is one's turn, with what ends it. */
  async take(): Promise<() => void> {
    if (this.areTaken) {
      const begun = new Promise<void>((begin) => void this.#waiting.push(begin));
      if (this.#cancelStall === undefined) this.#watch();
      await begun;
    } else {
      this.#begin();
    }
    return () => this.#end();
  }

  #begin(): void {
    this.#running += 1;
    this.#watch();
  }

  #end(): void {
    this.#running -= 1;
    if (this.#running > 0) return;
    this.#unwatch();
    this.#next();
  }

  /** It begins here and not when the one who waits goes on: nobody may come in between. */
  #next(): void {
    const begin = this.#waiting.shift();
    if (begin === undefined) return;
    this.#begin();
    begin();
  }

  #watch(): void {
    this.#unwatch();
    this.#cancelStall = this.#clock.after(stallMs, () => {
      this.#cancelStall = undefined;
      this.#next();
    });
  }

  #unwatch(): void {
    this.#cancelStall?.();
    this.#cancelStall = undefined;
  }
}
