import type { Admission, Gate, GateCaller, Held } from './gate.ts';
import { fail } from '../errors.ts';

/** What a parking lot stands on. */
export interface ParkingLotParts<G extends Held> {
  /** The generation that is letting go. */
  readonly last: G;
  /** How many may wait at once. */
  readonly places: number;
  /** The plugins whose answer somebody who holds this plugin waits for. */
  readonly waitsFor: (plugin: string) => Iterable<string>;
  /** More arrived than there are places: the hand-over must be given up. */
  readonly onFull: () => void;
}

interface Waiter {
  readonly goOn: () => void;
  readonly giveUp: (error: Error) => void;
}

/**
 * Holds arrivals back while a plugin changes hands. Nobody waits here whom the old generation waits for, directly or
 * through others: such a caller goes on into the old generation, else neither would ever end.
 */
export class ParkingLot<G extends Held> implements Gate<G> {
  readonly reason = 'parked';
  readonly last: G;
  readonly #parts: ParkingLotParts<G>;
  readonly #waiting = new Set<Waiter>();
  #isVacated = false;
  #parked = 0;

  constructor(parts: ParkingLotParts<G>) {
    this.#parts = parts;
    this.last = parts.last;
  }

  /** The slot's stand-in is the lot itself. */
  get gate(): this {
    return this;
  }

  /** How many were ever held back. */
  get parked(): number {
    return this.#parked;
  }

  admit(caller: GateCaller): Admission<G> {
    if (this.#isVacated) return this.#refuseOrPark();
    if (this.#wouldDeadlock(caller.holds())) return { type: 'enter', generation: this.last };
    if (this.#waiting.size < this.#parts.places) return this.#park();
    this.#parts.onFull();
    return { type: 'enter', generation: this.last };
  }

  /** The old generation has let go: from now on nobody goes into it, and nobody it waited for can be left. */
  vacate(): void {
    this.#isVacated = true;
  }

  /** Lets everybody go on, first come first served. @returns how many they were */
  release(): number {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { goOn } of waiting) goOn();
    return waiting.length;
  }

  /** Nobody will take them: everybody who waits is told so. */
  refuse(error: Error): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const { giveUp } of waiting) giveUp(error);
  }

  #refuseOrPark(): Admission<G> {
    if (this.#waiting.size < this.#parts.places) return this.#park();
    const { plugin } = this.last;
    return { type: 'refuse', error: fail('PARKING_FULL', { plugin, places: this.#parts.places }) };
  }

  #park(): Admission<G> {
    const { promise: until, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { goOn: resolve, giveUp: reject };
    this.#waiting.add(waiter);
    this.#parked++;
    const leave = (reason: Error): void => {
      if (this.#waiting.delete(waiter)) waiter.giveUp(reason);
    };
    return { type: 'wait', until, leave };
  }

  /** Looks along everything that the old generation waits for; asked only of callers that hold something. */
  #wouldDeadlock(holds: readonly Held[]): boolean {
    if (holds.length === 0) return false;
    const held = new Set(holds.map(({ plugin }) => plugin));
    const seen = new Set([this.last.plugin]);
    for (const plugin of seen) {
      if (held.has(plugin)) return true;
      for (const next of this.#parts.waitsFor(plugin)) seen.add(next);
    }
    return false;
  }
}
