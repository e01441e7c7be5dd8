import type { HostClock } from '../../host-services/system-clock.ts';

/** What is pinged. */
export interface Pinged {
  /** Its turn: cuts itself off if it gave no sign of life since the last one. */
  beat(): void;
}

/** Parts of a round: so many pings never go out at one moment. */
const parts = 30;

/** Pings everything that is open, in turn, with one timer. It runs only while something is open. */
export class PingClock {
  readonly #clock: Pick<HostClock, 'after'>;
  readonly #everyMs: number;
  readonly #turns: readonly Set<Pinged>[] = Array.from({ length: parts }, () => new Set<Pinged>());
  #count = 0;
  #turn = 0;
  #isArmed = false;

  constructor(clock: Pick<HostClock, 'after'>, everyMs: number) {
    this.#clock = clock;
    this.#everyMs = everyMs;
  }

  /** @returns what ends it */
  add(pinged: Pinged): () => void {
    // Its turn was just now: the first ping comes a whole round later.
    const turn = this.#turns[this.#turn];
    turn?.add(pinged);
    this.#count++;
    this.#arm();
    return () => {
      if (turn?.delete(pinged) === true) this.#count--;
    };
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#clock.after(this.#everyMs / parts, () => {
      this.#isArmed = false;
      this.#turn = (this.#turn + 1) % parts;
      for (const pinged of this.#turns[this.#turn] ?? []) pinged.beat();
      if (this.#count > 0) this.#arm();
    });
  }
}
