import type { IsolationLevel } from '@hotswap/protocol';
import type { LayerState } from '@hotswap/sandbox';
import { fail } from '../errors.ts';
import type { EngineLook } from '../isolation/containers/container-door.ts';
import type { Generation } from '../plugin/generation.ts';
import type { CensusMark, GenerationCensus } from '../plugin/generation-census.ts';
import type { RuntimeStatus } from '../status.ts';
import type { DiagnoseOptions, Diagnosis, HeldResources, LingeringGeneration } from './diagnosis.ts';
import { gatherFacts } from './environment/environment-facts.ts';
import { judgeEngine } from './environment/judge-engine.ts';
import { judgeEnvironment } from './environment/judge-environment.ts';
import { judgeLayers } from './environment/judge-layers.ts';
import { judgeRuntime } from './judge-runtime.ts';
import { type LeakReport, searchLeaks } from './leak-search.ts';

export interface DiagnosticsParts {
  readonly census: GenerationCensus;
  /** Those that are alive. */
  readonly generations: () => readonly Generation[];
  readonly data: string | undefined;
  readonly levels: readonly IsolationLevel[];
  /** Looks at what confined processes stand behind on this host. */
  readonly layers: () => Promise<readonly LayerState[]>;
  /** Looks for an engine of containers. */
  readonly engine: () => Promise<EngineLook>;
  readonly now: () => number;
}

/** A search that takes longer than this has met with something that it cannot read. */
const searchLimitMs = 10 * 60_000;

/** Looks at a runtime and its machine; searches the heap one search at a time. */
export class Diagnostics {
  readonly #parts: DiagnosticsParts;
  readonly #ending = new AbortController();
  #searching: Diagnosis['searching'] = null;

  constructor(parts: DiagnosticsParts) {
    this.#parts = parts;
  }

  /** @throws DIAGNOSIS_RUNNING, DIAGNOSIS_FAILED */
  async run(status: () => RuntimeStatus, { leaks = false, signal }: DiagnoseOptions = {}): Promise<Diagnosis> {
    const { census, generations, data, levels, layers, engine, now } = this.#parts;
    const report = leaks ? await this.#search(signal) : undefined;
    const environment = judgeEnvironment(await gatherFacts({ data, levels }));
    const confinement = [...judgeLayers(await layers()), judgeEngine(await engine())];
    const current = status();
    const { stuck } = current.threads;
    const lingering = this.#lingering().map(toLingering);
    const takenAt = now();
    return {
      takenAt,
      checks: [
        ...environment,
        ...confinement,
        ...judgeRuntime({ status: current, stuck, lingering, leaks: report, now: takenAt }),
      ],
      generations: generations().map(heldBy),
      lingering,
      stuck,
      activeResources: countOf(process.getActiveResourcesInfo()),
      census: { made: census.made, collected: census.finalised },
      searching: this.#searching,
      leaks: report ?? null,
    };
  }

  /** Gives up a search that runs. */
  close(): void {
    this.#ending.abort();
  }

  async #search(signal: AbortSignal | undefined): Promise<LeakReport> {
    if (this.#searching !== null) throw fail('DIAGNOSIS_RUNNING');
    const limits = [this.#ending.signal, AbortSignal.timeout(searchLimitMs), ...(signal === undefined ? [] : [signal])];
    try {
      return await searchLeaks({
        census: this.#parts.census,
        suspects: this.#lingering(),
        signal: AbortSignal.any(limits),
        onProgress: (progress) => (this.#searching = progress),
      });
    } finally {
      this.#searching = null;
    }
  }

  /** Ended, and not kept on purpose. */
  #lingering(): readonly CensusMark[] {
    const alive = new Set(this.#parts.generations().map(nameOf));
    return this.#parts.census.lingering.filter((mark) => !alive.has(nameOf(mark)));
  }
}

function nameOf({ plugin, number }: Pick<CensusMark, 'plugin' | 'number'>): string {
  return `${plugin}#${number}`;
}

function toLingering({ plugin, number, version, endedAt = 0 }: CensusMark): LingeringGeneration {
  return { plugin, generation: number, version, endedAt };
}

function heldBy({ plugin, number, state, isolate, leases }: Generation): HeldResources {
  return {
    plugin,
    generation: number,
    state,
    isolation: isolate.level,
    activeRequests: leases.count,
    resources: isolate.resources(),
    oldest: isolate.oldestResources?.(5) ?? [],
  };
}

function countOf(words: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
