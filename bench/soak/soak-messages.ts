/** What the process that serves is told. */
export interface SoakOrder {
  readonly type: 'finish';
}

/** What the process that serves tells. */
export type SoakNews =
  | { readonly type: 'ready'; readonly port: number }
  | { readonly type: 'finished'; readonly operations: Readonly<Record<string, number>> };
