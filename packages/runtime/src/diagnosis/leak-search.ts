import { tmpdir } from 'node:os';
import { mapStack } from '../guest/foreign-stack.ts';
import type { CensusMark, GenerationCensus } from '../plugin/generation-census.ts';
import { explainRetainer, type LeakReason } from './explain-retainer.ts';
import type { FoundRetainer, FunctionPlace } from './heap/found-retainer.ts';
import { takeHeapSnapshot } from './take-heap-snapshot.ts';
import { walkSnapshot } from './walk-snapshot.ts';

/** A generation that has ended and is still in memory, with what keeps it there. */
export interface LeakedGeneration {
  readonly plugin: string;
  readonly generation: number;
  readonly version: string;
  readonly endedAt: number;
  /** Nearest first; empty when nothing but weak references and caches was found, and it will go. */
  readonly reasons: readonly LeakReason[];
}

/** What a search over the heap came to. */
export interface LeakReport {
  readonly leaked: readonly LeakedGeneration[];
  /** How many generations were asked for. */
  readonly suspects: number;
  readonly snapshotBytes: number;
  /** How long the process stood still. */
  readonly blockedMs: number;
  readonly walkMs: number;
  readonly objects: number;
}

/** How far a search is. */
export type LeakProgress = { readonly step: 'snapshot' | 'read' | 'walk'; readonly done: number };

export interface LeakSearch {
  readonly census: GenerationCensus;
  readonly suspects: readonly CensusMark[];
  readonly signal: AbortSignal;
  readonly onProgress: (progress: LeakProgress) => void;
}

/** More of one plugin leak for the same reasons: the newest say enough. */
const mostSuspects = 100;

/**
 * Takes a heap snapshot of this process and finds out what keeps generations that should be gone.
 *
 * @throws DIAGNOSIS_FAILED
 */
export async function searchLeaks({ census, suspects, signal, onProgress }: LeakSearch): Promise<LeakReport> {
  const asked = suspects.slice(-mostSuspects);
  onProgress({ step: 'snapshot', done: 0 });
  await using snapshot = await takeHeapSnapshot(tmpdir());
  const startedAt = performance.now();
  const { retainers, objects, alive } = await walkSnapshot({
    path: snapshot.path,
    suspects: asked.map(({ censusLabel }) => censusLabel),
    signal,
    onProgress: (step, done) => onProgress({ step, done }),
  });
  const walkMs = performance.now() - startedAt;
  const leaked = asked
    .filter(({ censusLabel }) => alive.includes(censusLabel))
    .map((mark) => toLeaked(mark, retainers, census))
    .filter(({ reasons }) => reasons.length > 0);
  const { bytes, blockedMs } = snapshot;
  return { leaked, suspects: asked.length, snapshotBytes: bytes, blockedMs, walkMs, objects };
}

function toLeaked(mark: CensusMark, retainers: readonly FoundRetainer[], census: GenerationCensus): LeakedGeneration {
  const own = retainers.filter(({ label }) => label === mark.censusLabel);
  const nameOwner = (label: string) => census.nameOf(label);
  const mapPlace = (place: FunctionPlace): FunctionPlace => mapped(place, census, mark);
  const reasons = own.map((retainer) => explainRetainer(retainer, { nameOwner, mapPlace }));
  const { plugin, number, version, endedAt = 0 } = mark;
  const different = reasons.filter(({ text }, index) => reasons.findIndex((other) => other.text === text) === index);
  return { plugin, generation: number, version, endedAt, reasons: different };
}

/** In the author's file, if the code of the generation is still known. */
function mapped(place: FunctionPlace, census: GenerationCensus, mark: CensusMark): FunctionPlace {
  const program = census.programOf(mark);
  if (program?.type !== 'text' || program.file !== place.file) return place;
  const text = mapStack(`${place.file}:${place.line}:${place.column}`, program);
  const [, file = place.file, line = '1', column = '1'] = /^(.*):(\d+):(\d+)$/.exec(text) ?? [];
  return { ...place, file, line: Number(line), column: Number(column) };
}
