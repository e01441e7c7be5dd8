import { createRequire, isBuiltin } from 'node:module';
import { format } from 'node:util';
import { HotHeaders, HotRequest, HotResponse } from '@hotswap/protocol/http';
import type { Logger, PluginContext } from '@hotswap/sdk';
import type { Ledger } from './ledger.ts';
import { fail } from '../errors.ts';

/** What the wrapped globals of one generation stand on. */
export interface ScopeParts {
  readonly plugin: string;
  readonly ledger: Ledger;
  readonly log: Logger;
  readonly fetch: PluginContext['fetch'];
  readonly fault: (where: string, error: unknown) => void;
}

/** The scope a plugin's text runs in: its globals, and where its remaining imports come from. */
export interface ModuleScope {
  readonly globals: Readonly<Record<string, unknown>>;
  readonly import: (specifier: string) => Promise<object>;
}

type Callback = (...args: unknown[]) => unknown;

/** Makes the globals of one generation: what they begin enters its ledger and ends with it. */
export function createModuleScope(parts: ScopeParts): ModuleScope {
  const timers = scopedTimers(parts);
  const process = scopedProcess(parts);
  const replaced: Readonly<Record<string, object>> = { timers, process };
  const require = scopedRequire(replaced);
  return {
    globals: {
      ...timers,
      process,
      console: scopedConsole(parts.log),
      fetch: parts.fetch,
      require,
      Request: HotRequest,
      Response: HotResponse,
      Headers: HotHeaders,
    },
    import: async (specifier) => {
      if (specifier === '@hotswap/sdk') return await import('@hotswap/sdk');
      if (specifier === '@hotswap/protocol') return await import('@hotswap/protocol');
      const own = replaced[specifier.replace(/^node:/, '')];
      return own ? { ...own, default: own } : ((await import(specifier)) as object);
    },
  };
}

function scopedTimers({ ledger, fault }: ScopeParts): Readonly<Record<string, Callback>> {
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
    clearTimeout: (handle) => (forget(handle), clearTimeout(handle as NodeJS.Timeout)),
    clearInterval: (handle) => (forget(handle), clearInterval(handle as NodeJS.Timeout)),
    clearImmediate: (handle) => (forget(handle), clearImmediate(handle as NodeJS.Immediate)),
  };
}

/** Calls back into the plugin; what it throws, or the promise it returns rejects with, is told and goes no further. */
function guarded(fault: ScopeParts['fault'], where: string, callback: Callback, args: readonly unknown[]): void {
  try {
    const result = callback(...args);
    if (result instanceof Promise) result.catch((error: unknown) => fault(where, error));
  } catch (error) {
    fault(where, error);
  }
}

interface ProcessListener {
  readonly event: string;
  readonly listener: Callback;
  remove(): void;
}

/** The host's `process`, but listeners enter the ledger and `exit` is refused. Only own listeners can be removed. */
function scopedProcess({ plugin, ledger, fault }: ScopeParts): NodeJS.Process {
  const scoped = Object.create(process) as NodeJS.Process & Record<string, unknown>;
  const listening = new Set<ProcessListener>();
  const listen =
    (add: 'on' | 'once' | 'prependListener' | 'prependOnceListener') => (event: string, listener: Callback) => {
      const called: Callback = (...args) => {
        if (add === 'once' || add === 'prependOnceListener') line.remove();
        guarded(fault, `process ${event} listener`, listener, args);
      };
      process[add](event, called);
      const entry = ledger.add('process listener', event, () => line.remove());
      const line: ProcessListener = {
        event,
        listener,
        remove: () => {
          process.off(event, called);
          listening.delete(line);
          entry.forget();
        },
      };
      listening.add(line);
      return scoped;
    };
  const off = (event: string, listener: Callback) => {
    [...listening].findLast((line) => line.event === event && line.listener === listener)?.remove();
    return scoped;
  };
  const removeAll = (event?: string) => {
    for (const line of listening) if (event === undefined || line.event === event) line.remove();
    return scoped;
  };
  Object.assign(scoped, {
    on: listen('on'),
    addListener: listen('on'),
    once: listen('once'),
    prependListener: listen('prependListener'),
    prependOnceListener: listen('prependOnceListener'),
    off,
    removeListener: off,
    removeAllListeners: removeAll,
    exit: () => {
      throw fail('PLUGIN_EXIT_REFUSED', { plugin });
    },
  });
  return scoped;
}

/** Lines go to the plugin's log; what writes no line is the host's own. */
function scopedConsole(log: Logger): Readonly<Record<string, unknown>> {
  const line =
    (write: (message: string) => void): Callback =>
    (...args) =>
      write(format(...args));
  return {
    ...console,
    debug: line(log.debug),
    trace: line(log.debug),
    dir: line(log.info),
    log: line(log.info),
    info: line(log.info),
    warn: line(log.warn),
    error: line(log.error),
  };
}

function scopedRequire(replaced: Readonly<Record<string, object>>): Callback {
  const hostRequire = createRequire(import.meta.url);
  return (specifier) => {
    const name = String(specifier);
    if (!isBuiltin(name)) throw fail('REQUIRE_REFUSED', { specifier: name });
    return replaced[name.replace(/^node:/, '')] ?? hostRequire(name);
  };
}
