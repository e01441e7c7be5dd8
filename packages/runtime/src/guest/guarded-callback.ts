/** A callback of the plugin, whatever its arguments. */
export type Callback = (...args: unknown[]) => unknown;

/** Told of errors that come out of a plugin outside any call. */
export type TellFault = (where: string, error: unknown) => void;

/** Calls back into the plugin; what it throws, or the promise it returns rejects with, is told and goes no further. */
export function guarded(fault: TellFault, where: string, callback: Callback, args: readonly unknown[]): void {
  try {
    const result = callback(...args);
    if (result instanceof Promise) result.catch((error: unknown) => fault(where, error));
  } catch (error) {
    fault(where, error);
  }
}
