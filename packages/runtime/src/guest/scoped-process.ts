import { fail } from '../errors.ts';
import { type Callback, guarded, type TellFault } from './guarded-callback.ts';
import type { Ledger } from './ledger.ts';
import type { NativeAddon } from '../loading/artifact.ts';

interface ProcessParts {
  readonly plugin: string;
  readonly ledger: Ledger;
  readonly fault: TellFault;
  /** Native addons it was bundled with; default none. */
  readonly addons?: readonly NativeAddon[] | undefined;
}

interface ProcessListener {
  readonly event: string;
  readonly listener: Callback;
  remove(): void;
}

/** The host's `process`, but listeners enter the ledger, and `exit` and native addons that were not built in are refused. Only own listeners can be removed. */
export function scopedProcess({ plugin, ledger, fault, addons = [] }: ProcessParts): NodeJS.Process {
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
  const own = {
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
    dlopen: (module: object, file: string, flags?: number) => {
      if (addons.some((addon) => addon.file === file)) return process.dlopen(module, file, flags);
      throw fail('NATIVE_ADDON_REFUSED', { plugin, package: 'something loaded at run time', file });
    },
  };
  // Defined and not assigned: a confined process has made some of these read-only.
  for (const [name, value] of Object.entries(own))
    Object.defineProperty(scoped, name, { value, writable: true, enumerable: true, configurable: true });
  return scoped;
}
