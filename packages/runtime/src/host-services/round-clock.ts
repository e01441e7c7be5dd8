import type { HostClock } from './system-clock.ts';

/** Something that has its turn once in each round. */
export interface Beating {
  beat(): void;
}

/** Parts of a round: so never has everything its turn at one moment. */
const parts = 30;

/** Gives everything that was added its turn, once in each round, with one timer. It runs only while something is there. */
export class RoundClock {
  readonly #clock: Pick<HostClock, 'after'>;
  readonly #everyMs: number;
  readonly #turns: readonly Set<Beating>[] = Array.from({ length: parts }, () => new Set<Beating>());
  #count = 0;
  #turn = 0;
  #isArmed = false;

  constructor(clock: Pick<HostClock, 'after'>, everyMs: number) {
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  /** @returns what ends it */
  add(beating: Beating): () => void {
    // Its turn was just now: the first one comes a whole round later.
    const turn = this.#turns[this.#turn];
    turn?.add(beating);
    this.#count++;
    this.#arm();
    return () => {
      if (turn?.delete(beating) === true) this.#count--;
    };
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#clock.after(this.#everyMs / parts, () => {
      this.#isArmed = false;
      this.#turn = (this.#turn + 1) % parts;
      for (const beating of this.#turns[this.#turn] ?? []) beating.beat();
      if (this.#count > 0) this.#arm();
    });
  }
}
