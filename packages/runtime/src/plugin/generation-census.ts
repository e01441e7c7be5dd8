import { randomUUID } from 'node:crypto';
import type { Generation } from './generation.ts';
import type { PluginState } from './lifecycle.ts';
import type { Program } from '../loading/artifact.ts';

/**
 * One generation, as long as any memory of it is there. It holds what it speaks of weakly: a mark keeps nothing alive.
 * In a heap snapshot it is found by the name of its first property.
 */
export interface CensusMark {
  /** Unique in the process. */
  readonly censusLabel: string;
  readonly plugin: string;
  readonly number: number;
  readonly version: string;
  readonly generation: WeakRef<Generation>;
  /** What every function of its code reaches; set once that has been evaluated in this thread. */
  readonly code: WeakRef<object> | undefined;
  /** When it stopped or failed, in milliseconds since the epoch. */
  readonly endedAt: number | undefined;
}

interface Entry extends CensusMark {
  code: WeakRef<object> | undefined;
  endedAt: number | undefined;
  /** How many of the two are still to be collected. */
  uncollected: number;
}

/** Counts the generations that were made and the ones whose memory has come back, and knows the files of all of them. */
export class GenerationCensus {
  readonly #id = randomUUID();
  #made = 0;
  #finalised = 0;
  readonly #files = new Set<string>();
  readonly #entries = new Set<Entry>();
  readonly #entryOf = new WeakMap<Generation, Entry>();
  /** Lives as long as the code: a leaked function's place is told in its author's file. */
  readonly #programs = new WeakMap<object, Program>();
  readonly #generations = new FinalizationRegistry<Entry>((entry) => {
    this.#finalised++;
    this.#collected(entry);
  });
  readonly #codes = new FinalizationRegistry<Entry>((entry) => this.#collected(entry));

  track(generation: Generation): void {
    this.#made++;
    const { program, manifest } = generation.artifact;
    if (program.type === 'text') this.#files.add(program.file);
    const { plugin, number } = generation;
    const entry: Entry = {
      // Joined, and no template: V8 keeps those as pieces, and a snapshot then does not show the text.
      censusLabel: [this.#id, plugin, number].join(' '),
      plugin,
      number,
      version: manifest.version,
      generation: new WeakRef(generation),
      code: undefined,
      endedAt: undefined,
      uncollected: 1,
    };
    this.#entries.add(entry);
    this.#entryOf.set(generation, entry);
    this.#generations.register(generation, entry);
  }

  /** A generation has moved: its code is there by now, or it has ended. */
  moved(generation: Generation, to: PluginState, at: number): void {
    const entry = this.#entryOf.get(generation);
    if (entry === undefined) return;
    if (to === 'stopped' || to === 'failed') entry.endedAt ??= at;
    const { anchor } = generation.isolate;
    if (anchor === undefined || entry.code !== undefined) return;
    entry.code = new WeakRef(anchor);
    entry.uncollected++;
    this.#codes.register(anchor, entry);
    this.#programs.set(anchor, generation.artifact.program);
  }

  /** Generations that have ended and whose memory has not come back, as far as the collector has told. */
  get lingering(): readonly CensusMark[] {
    return [...this.#entries].filter(({ endedAt }) => endedAt !== undefined);
  }

  /** Whose label it is. */
  nameOf(label: string): { readonly plugin: string; readonly generation: number } | undefined {
    const found = [...this.#entries].find(({ censusLabel }) => censusLabel === label);
    return found && { plugin: found.plugin, generation: found.number };
  }

  /** The code that a mark speaks of, while any of it is there. Looking keeps it for the rest of this turn. */
  programOf({ code, generation }: CensusMark): Program | undefined {
    const anchor = code?.deref();
    return (anchor && this.#programs.get(anchor)) ?? generation.deref()?.artifact.program;
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

  #collected(entry: Entry): void {
    if (--entry.uncollected === 0) this.#entries.delete(entry);
  }
}
