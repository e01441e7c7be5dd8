import { fail } from '../errors.ts';

/** A phase of a plugin's life, and how long it may take. */
export interface PhaseLimit {
  readonly plugin: string;
  /** What the plugin does, after "did not finish to". */
  readonly phase: string;
  readonly limitMs: number;
  /** The setting that the limit comes from; default `loadTimeout`. */
  readonly setting?: 'loadTimeout' | 'shutdownTimeout';
  readonly signal?: AbortSignal | undefined;
}

/** Whether `work` settled within `ms`. A rejection counts as settled and is thrown. Zero waits for nothing. */
export async function settlesWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(resolve, ms, false).unref();
  try {
    return await Promise.race([work.then(() => true), promise]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The value of `work`, unless `ms` pass or `signal` aborts first. The work goes on unheard then:
 * code in this thread cannot be stopped from outside.
 */
export async function withLimit<T>(
  work: Promise<T>,
  limit: { readonly ms: number; readonly signal: AbortSignal | undefined; readonly timedOut: () => Error },
): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(limit.timedOut()), limit.ms).unref();
  const aborted = (): void => reject(limit.signal?.reason);
  limit.signal?.addEventListener('abort', aborted, { once: true });
  if (limit.signal?.aborted === true) aborted();
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    limit.signal?.removeEventListener('abort', aborted);
  }
}

/** The same for a phase of a plugin's life. Rejects with PLUGIN_PHASE_TIMED_OUT, which names the setting to raise. */
export function withinPhase<T>(work: Promise<T>, limit: PhaseLimit): Promise<T> {
  const { plugin, phase, limitMs, setting = 'loadTimeout', signal } = limit;
  const timedOut = () => fail('PLUGIN_PHASE_TIMED_OUT', { plugin, phase, limitMs, setting });
  return withLimit(work, { ms: limitMs, signal, timedOut });
}
