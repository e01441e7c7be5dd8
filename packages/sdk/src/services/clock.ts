/** Time as the host sees it; a test moves it by hand. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`, or rejects with the signal's reason. Ends with the generation. */
  sleep(ms: number, options?: { readonly signal?: AbortSignal }): Promise<void>;
}
