import type { Generation } from './generation.ts';

/** Counts the generations that were made and the ones whose memory has come back. */
export class GenerationCensus {
  #made = 0;
  #finalised = 0;
  readonly #registry = new FinalizationRegistry<void>(() => void this.#finalised++);

  track(generation: Generation): void {
    this.#made++;
    this.#registry.register(generation);
  }

  get made(): number {
    return this.#made;
  }

  get finalised(): number {
    return this.#finalised;
  }
}
