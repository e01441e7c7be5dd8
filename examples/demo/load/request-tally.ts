import type { Answer } from './keep-alive-connection.ts';
import type { Expectation, Latencies, LoadResult, Phase, RequestCounts } from './load-messages.ts';

/** What was expected when a request was sent, and when its answer came. A change may lie between the two. */
export interface ExpectedOf {
  readonly atSend: Expectation;
  readonly atAnswer: Expectation;
}

/** What an answer is worth. */
export type Verdict = 'right' | 'error of the bad version' | { readonly failure: string };

/** Holds an answer against what was expected. Pure. */
export function judgeAnswer({ status, body }: Answer, { atSend, atAnswer }: ExpectedOf): Verdict {
  if (status >= 500 && (atSend.mayBeError || atAnswer.mayBeError)) return 'error of the bad version';
  if (status !== 200) return { failure: `answered ${status}` };
  const isAllowed = atSend.answers.includes(body) || atAnswer.answers.includes(body);
  return isAllowed ? 'right' : { failure: `answered by a version that must not serve: ${body}` };
}

/** Counts what came of requests. The one place that does. */
export class RequestTally {
  #sent = 0;
  #answered = 0;
  #errorsOfBadVersion = 0;
  readonly #failures = new Map<string, number>();
  readonly #latencies: Readonly<Record<Phase, number[]>> = { 'warm-up': [], before: [], during: [], between: [] };

  get counts(): RequestCounts {
    return {
      sent: this.#sent,
      answered: this.#answered,
      errorsOfBadVersion: this.#errorsOfBadVersion,
      failed: [...this.#failures.values()].reduce((sum, count) => sum + count, 0),
      failures: Object.fromEntries(this.#failures),
    };
  }

  get result(): LoadResult {
    const of = (phase: Phase): Latencies => summary(this.#latencies[phase]);
    const latencies = { 'warm-up': of('warm-up'), before: of('before'), during: of('during'), between: of('between') };
    return { ...this.counts, latencies };
  }

  get sent(): number {
    return this.#sent;
  }

  noteSent(): void {
    this.#sent++;
  }

  noteAnswer(answer: Answer, expected: ExpectedOf): void {
    const verdict = judgeAnswer(answer, expected);
    if (verdict === 'right') this.#answered++;
    else if (verdict === 'error of the bad version') this.#errorsOfBadVersion++;
    else this.noteFailure(verdict.failure);
  }

  noteFailure(reason: string): void {
    this.#failures.set(reason, (this.#failures.get(reason) ?? 0) + 1);
  }

  noteLatency(phase: Phase, milliseconds: number): void {
    this.#latencies[phase].push(milliseconds);
  }
}

function summary(latencies: readonly number[]): Latencies {
  const sorted = latencies.toSorted((a, b) => a - b);
  const quantile = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
  return { count: sorted.length, p50Ms: quantile(0.5), p99Ms: quantile(0.99) };
}
