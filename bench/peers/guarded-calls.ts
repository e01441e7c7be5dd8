/** A function in the same thread, as a plugin's method would be. */
export type Work = (data: string) => unknown;

export async function plainWork(data: string): Promise<string> {
  return data;
}

/** What somebody writes who wants errors to stay on this side. */
export async function tryCatch(work: Work, data: string): Promise<unknown> {
  try {
    return await work(data);
  } catch (error) {
    throw new Error('the call failed', { cause: error });
  }
}

/** A time limit by way of a signal that the platform makes. */
export async function withTimeoutSignal(work: Work, data: string, limitMs: number): Promise<unknown> {
  const signal = AbortSignal.timeout(limitMs);
  const { promise: timedOut, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', onAbort);
  try {
    return await Promise.race([work(data), timedOut]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** A time limit by way of a timer for each call. */
export async function withTimer(work: Work, data: string, limitMs: number): Promise<unknown> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      controller.abort();
      reject(new Error('the call took too long'));
    }, limitMs);
  });
  try {
    return await Promise.race([work(data), timedOut]);
  } finally {
    clearTimeout(timer);
  }
}
