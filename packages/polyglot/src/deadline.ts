/** A time that passes. */
export interface Deadline {
  /** Resolves when it has passed; never when it is cancelled. */
  readonly over: Promise<void>;
  cancel(): void;
}

/** A wait of so many milliseconds, which may be called off. */
export function deadlineIn(ms: number): Deadline {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  return { over: promise, cancel: () => clearTimeout(timer) };
}

/** Looks again and again, every so many milliseconds; does not keep the process alive. */
export function lookEvery(ms: number, look: () => void): void {
  setInterval(look, ms).unref();
}
