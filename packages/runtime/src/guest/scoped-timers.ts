import * as timersPromises from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Callback, guarded, type TellFault } from './guarded-callback.ts';
import type { Ledger } from './ledger.ts';

/** Timers whose handles stand in the ledger until they have fired or were cleared. */
export function scopedTimers(ledger: Ledger, fault: TellFault) {
  const once = <Handle extends object>(
    kind: string,
    begin: (run: () => void) => Handle,
    end: (handle: Handle) => void,
  ) => {
    return (callback: Callback, args: unknown[]): Handle => {
      const handle = begin(() => {
        entries.get(handle)?.forget();
        guarded(fault, kind, callback, args);
      });
      const enter = (): void =>
        void entries.set(
          handle,
          ledger.add(kind, callback.name, () => end(handle)),
        );
      enter();
      if ('refresh' in handle) afterRefresh(handle, enter);
      return handle;
    };
  };
  /** A timeout that has fired begins anew when it is refreshed, as clients of HTTP do with theirs for as long as they live. */
  const afterRefresh = (handle: { refresh?: unknown }, enter: () => void): void => {
    const refresh = handle.refresh as () => unknown;
    handle.refresh = () => {
      entries.get(handle)?.forget();
      enter();
      return refresh.call(handle);
    };
  };
  const entries = new WeakMap<object, { forget(): void }>();
  const forget = (handle: unknown): void => {
    if (typeof handle === 'object' && handle !== null) entries.get(handle)?.forget();
  };
  return {
    setTimeout: ((callback: Callback, ms?: number, ...args: unknown[]) =>
      once(
        'timeout',
        (run) => setTimeout(run, ms),
        (handle) => clearTimeout(handle),
      )(callback, args)) as Callback,
    setImmediate: ((callback: Callback, ...args: unknown[]) =>
      once(
        'immediate',
        (run) => setImmediate(run),
        (handle) => clearImmediate(handle),
      )(callback, args)) as Callback,
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

/** Timers as `node:timers` has them, also for `promisify`. */
export function withTimerPromises(
  timers: ReturnType<typeof scopedTimers>,
  promises: ReturnType<typeof scopedTimerPromises>,
): object {
  for (const name of ['setTimeout', 'setImmediate'] as const)
    Object.defineProperty(timers[name], promisify.custom, { value: promises[name] });
  return { ...timers, promises };
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
