import type { Generation } from './generation.ts';

/** Counts the generations that were made and the ones whose memory has come back, and knows the files of all of them. */
export class GenerationCensus {
  #made = 0;
  #finalised = 0;
  readonly #files = new Set<string>();
  readonly #registry = new FinalizationRegistry<void>(() => void this.#finalised++);

  track(generation: Generation): void {
    this.#made++;
    const { program } = generation.artifact;
    if (program.type === 'text') this.#files.add(program.file);
    this.#registry.register(generation);
  }

  /** Entry files of plugins, also of those that are gone: late errors come out of them. */
  get files(): Iterable<string> {
    return this.#files;
  }

  get made(): number {
    return this.#made;
  }

  get finalised(): number {
    return this.#finalised;
  }
}
