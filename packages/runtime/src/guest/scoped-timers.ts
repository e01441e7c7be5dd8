import * as timersPromises from 'node:timers/promises';
import { type Callback, guarded, type TellFault } from './guarded-callback.ts';
import type { Ledger } from './ledger.ts';

/** Timers whose handles stand in the ledger until they have fired or were cleared. */
export function scopedTimers(ledger: Ledger, fault: TellFault) {
  const once = <Handle>(kind: string, begin: (run: () => void) => Handle, end: (handle: Handle) => void) => {
    return (callback: Callback, args: unknown[]): Handle => {
      const handle = begin(() => {
        entry.forget();
        guarded(fault, kind, callback, args);
      });
      const entry = ledger.add(kind, callback.name, () => end(handle));
      entries.set(handle as object, entry);
      return handle;
    };
  };
  const entries = new WeakMap<object, { forget(): void }>();
  const forget = (handle: unknown): void => {
    if (typeof handle === 'object' && handle !== null) entries.get(handle)?.forget();
  };
  return {
    setTimeout: ((callback: Callback, ms?: number, ...args: unknown[]) =>
      once('timeout', (run) => setTimeout(run, ms), clearTimeout)(callback, args)) as Callback,
    setImmediate: ((callback: Callback, ...args: unknown[]) =>
      once('immediate', (run) => setImmediate(run), clearImmediate)(callback, args)) as Callback,
    setInterval: ((callback: Callback, ms?: number, ...args: unknown[]) => {
      const handle = setInterval(() => guarded(fault, 'interval', callback, args), ms);
      entries.set(
        handle,
        ledger.add('interval', callback.name, () => clearInterval(handle)),
      );
      return handle;
    }) as Callback,
    clearTimeout: (handle: unknown) => (forget(handle), clearTimeout(handle as NodeJS.Timeout)),
    clearInterval: (handle: unknown) => (forget(handle), clearInterval(handle as NodeJS.Timeout)),
    clearImmediate: (handle: unknown) => (forget(handle), clearImmediate(handle as NodeJS.Immediate)),
  };
}

/** What `node:timers/promises` gives: every wait ends, by rejecting, with the generation. */
export function scopedTimerPromises(signal: AbortSignal) {
  const ending = (options?: { readonly signal?: AbortSignal }) => ({
    ...options,
    signal: options?.signal ? AbortSignal.any([options.signal, signal]) : signal,
  });
  return {
    setTimeout: <T>(ms?: number, value?: T, options?: { readonly signal?: AbortSignal }) =>
      timersPromises.setTimeout(ms, value, ending(options)),
    setImmediate: <T>(value?: T, options?: { readonly signal?: AbortSignal }) =>
      timersPromises.setImmediate(value, ending(options)),
    setInterval: <T>(ms?: number, value?: T, options?: { readonly signal?: AbortSignal }) =>
      timersPromises.setInterval(ms, value, ending(options)),
    scheduler: {
      wait: (ms: number, options?: { readonly signal?: AbortSignal }) =>
        timersPromises.scheduler.wait(ms, ending(options)),
      yield: () => timersPromises.scheduler.yield(),
    },
  };
}
