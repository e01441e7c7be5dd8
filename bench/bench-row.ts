import type { BenchScope } from './bench-scope.ts';
import type { Finding } from './measure.ts';

/** One question, and how its figures are got. */
export interface BenchRow {
  readonly id: string;
  readonly question: string;
  readonly goal: string;
  run(context: BenchContext): Promise<readonly Finding[]>;
}

/** What a row is given. */
export interface BenchContext {
  /** A smoke run: few rounds, short ones. */
  readonly isQuick: boolean;
  readonly scope: BenchScope;
  /** Says on a terminal what is being done. */
  progress(what: string): void;
}
