// What `hotswap doctor` shows and `--json` prints: every field here is a promise to programs that read it.
import type { LeakReport } from './leak-search.ts';
import type { StuckThread } from '../status.ts';

/** `problem`: something does not work or will not; `warning`: it works, and an operator should know. */
export type CheckLevel = 'ok' | 'warning' | 'problem';

/** One thing that was looked at. */
export interface Check {
  readonly area: 'environment' | 'server' | 'plugins' | 'memory';
  /** Stable: `node-version`, `open-files`, `plugin-state`. */
  readonly id: string;
  readonly level: CheckLevel;
  /** The plugin it is about, if it is about one. */
  readonly plugin?: string;
  /** One sentence: what was found. */
  readonly message: string;
  /** What to do, where it is not ok. */
  readonly action?: string;
}

/** What one generation that runs holds now. */
export interface HeldResources {
  readonly plugin: string;
  readonly generation: number;
  readonly state: string;
  readonly isolation: string;
  readonly activeRequests: number;
  /** Lines of its ledger, by kind. */
  readonly resources: Readonly<Record<string, number>>;
  /** What has stood in its ledger for longest; empty where it runs in a thread or process of its own. */
  readonly oldest: readonly { readonly kind: string; readonly label: string; readonly ageMs: number }[];
}

/** A generation that has ended and is still in memory, as far as the collector has told. */
export interface LingeringGeneration {
  readonly plugin: string;
  readonly generation: number;
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly endedAt: number;
}

/** What was found out about a runtime and the machine it runs on. Moments are milliseconds since the epoch. */
export interface Diagnosis {
  readonly takenAt: number;
  readonly checks: readonly Check[];
  readonly generations: readonly HeldResources[];
  /** Most of them wait for the collector; only a search over the heap says which are leaked. */
  readonly lingering: readonly LingeringGeneration[];
  readonly stuck: readonly StuckThread[];
  /** What keeps the event loop of the process alive, by kind, whoever began it. */
  readonly activeResources: Readonly<Record<string, number>>;
  /** Generations that were made since the start, and those whose memory has come back. */
  readonly census: { readonly made: number; readonly collected: number };
  /** How far a search over the heap is that runs now; null: none does. */
  readonly searching: { readonly step: 'snapshot' | 'read' | 'walk'; readonly done: number } | null;
  /** Null unless it was asked for. */
  readonly leaks: LeakReport | null;
}

/** What to look at. */
export interface DiagnoseOptions {
  /**
   * Also search the heap for what keeps old generations. The event loop stands still while the heap is written to a
   * file in the temporary folder: seconds for each 100 MB. Default false.
   */
  readonly leaks?: boolean;
  /** Stops the search. */
  readonly signal?: AbortSignal;
}
