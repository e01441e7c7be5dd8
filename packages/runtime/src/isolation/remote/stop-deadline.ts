/** How long after its limit a guest may still say what it could not end. */
const graceMs = 100;

/** A wait that can be called off. */
export interface Grace {
  /** Rejects with the limit's reason when the grace after it is over; never resolves. */
  readonly over: Promise<never>;
  cancel(): void;
}

/** Waits for a limit and a grace after it: for the guest that no longer answers at all. */
export function graceAfter(limit: AbortSignal): Grace {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => {
    timer = setTimeout(() => reject(limit.reason), graceMs);
  };
  if (limit.aborted) begin();
  else limit.addEventListener('abort', begin, { once: true });
  return {
    over: promise,
    cancel: () => {
      clearTimeout(timer);
      limit.removeEventListener('abort', begin);
    },
  };
}
