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
