import { below, type Finding, quantile } from '../../measure.ts';

/** Milliseconds to the first answer of each case, round by round. */
export type Times<Case extends string> = Readonly<Partial<Record<Case, readonly number[]>>>;

export interface Comparison<Case extends string> {
  readonly against?: Case;
  readonly goal?: Finding['goal'];
  /** Whether the first bar for every start, below 200 ms, holds for it too. */
  readonly isBounded?: boolean;
}

/** The median of a case, and its slowest hundredth. */
export function firstAnswers<Case extends string>(
  times: Times<Case>,
  name: Case,
  { against, goal, isBounded = true }: Comparison<Case> = {},
): Finding[] {
  const values = times[name] ?? [];
  return [
    {
      case: `${name}, p50`,
      unit: 'ms',
      values,
      ...(against !== undefined && { against: { case: against, values: times[against] ?? [] } }),
      ...(goal !== undefined && { goal }),
    },
    {
      case: `${name}, p99`,
      unit: 'ms',
      values: [quantile(values, 0.99)],
      ...(isBounded && { goal: below(200, 'ms') }),
    },
  ];
}
