import type { EgressRefusal } from '@hotswap/sandbox';

/** So many refusals are told in a second; a program can be refused as often as it likes. */
const toldPerSecond = 5;
const secondMs = 1_000;

/** A refusal as its plugin's log has it. */
export interface ToldRefusal extends EgressRefusal {
  /** Others since the one before, that were not told. */
  readonly leftOut: number;
}

/** What one process was refused on its way out, as far as anyone wants to read it. */
export class RefusalLog {
  /** Connections that were refused because too many were open. */
  tooMany = 0;
  /** Told of the first few in each second. */
  onTold: ((refusal: ToldRefusal) => void) | undefined;
  #since = -Infinity;
  #told = 0;
  #leftOut = 0;

  note(refusal: EgressRefusal): void {
    if (refusal.code === 'SANDBOX_EGRESS_TOO_MANY') this.tooMany++;
    const now = performance.now();
    if (now - this.#since >= secondMs) {
      this.#since = now;
      this.#told = 0;
    }
    if (++this.#told > toldPerSecond) {
      this.#leftOut++;
      return;
    }
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    this.onTold?.({ ...refusal, leftOut });
  }
}
