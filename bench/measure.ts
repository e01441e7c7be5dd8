/** What one case of a row came to: one value for each round. */
export interface Finding {
  /** Which of the things that the row compares. */
  readonly case: string;
  readonly unit: string;
  /** Empty when the case could not be run; `note` then says why. */
  readonly values: readonly number[];
  /** The case it is measured against, round by round. */
  readonly against?: { readonly case: string; readonly values: readonly number[] };
  /** Absent for peers and for figures that are only looked at. */
  readonly goal?: Goal;
  readonly note?: string;
}

/** A bar, in words and as a test. */
export interface Goal {
  readonly text: string;
  readonly isMet: (figure: { readonly value: number; readonly ratio: number | null }) => boolean;
}

/** One line of the table, and one element of the JSON file. */
export interface Entry {
  readonly id: string;
  readonly case: string;
  /** Median over the rounds; null when the case could not be run. */
  readonly value: number | null;
  readonly unit: string;
  /** Median of the case it is measured against, in the same unit. */
  readonly baseline: number | null;
  readonly against: string | null;
  /** Median of the rounds' ratios to the baseline of the same round. */
  readonly ratio: number | null;
  /** Least and greatest value over the rounds. */
  readonly min: number | null;
  readonly max: number | null;
  readonly goal: string | null;
  /** null where there is no goal. */
  readonly ok: boolean | null;
  readonly note: string | null;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The value that a share of all values does not exceed: 0.99 for p99. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** Each round's value over the baseline's value of the same round: what both lived through cancels out. */
export function ratios(values: readonly number[], baseline: readonly number[]): number[] {
  return values.flatMap((value, round) => {
    const base = baseline[round];
    return base === undefined || base === 0 ? [] : [value / base];
  });
}

export function toEntry(id: string, finding: Finding): Entry {
  const { values, against, goal, note } = finding;
  const hasRun = values.length > 0;
  const value = hasRun ? median(values) : null;
  const compared = against === undefined ? [] : ratios(values, against.values);
  const ratio = compared.length > 0 ? median(compared) : null;
  return {
    id,
    case: finding.case,
    value,
    unit: finding.unit,
    baseline: against === undefined || against.values.length === 0 ? null : median(against.values),
    against: against?.case ?? null,
    ratio,
    min: hasRun ? Math.min(...values) : null,
    max: hasRun ? Math.max(...values) : null,
    goal: goal?.text ?? null,
    ok: goal === undefined ? null : value !== null && goal.isMet({ value, ratio }),
    note: note ?? null,
  };
}

/** Runs every case once a round, every second round backwards, so that a drift of the machine meets all alike. */
export async function interleave<Name extends string>(
  rounds: number,
  names: readonly Name[],
  measure: (name: Name, round: number) => Promise<number>,
): Promise<Readonly<Record<Name, number[]>>> {
  const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) values[name].push(await measure(name, round));
  }
  return values;
}

export function atMostTimes(factor: number, what: string): Goal {
  return { text: `<= ${factor}x ${what}`, isMet: ({ ratio }) => ratio !== null && ratio <= factor };
}

export function atLeastTimes(factor: number, what: string): Goal {
  return { text: `>= ${factor}x ${what}`, isMet: ({ ratio }) => ratio !== null && ratio >= factor };
}

export function below(limit: number, unit: string): Goal {
  return { text: `< ${limit.toLocaleString('en')} ${unit}`, isMet: ({ value }) => value < limit };
}

export function atMost(limit: number, unit: string): Goal {
  return { text: `<= ${limit.toLocaleString('en')} ${unit}`, isMet: ({ value }) => value <= limit };
}

export function exactly(wanted: number, unit: string): Goal {
  return { text: `${wanted} ${unit}`, isMet: ({ value }) => value === wanted };
}

export function atLeast(limit: number, unit: string): Goal {
  return { text: `>= ${limit.toLocaleString('en')} ${unit}`, isMet: ({ value }) => value >= limit };
}
