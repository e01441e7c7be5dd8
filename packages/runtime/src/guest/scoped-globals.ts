import * as nodeModule from 'node:module';
import { format } from 'node:util';
import { HotHeaders, HotRequest, HotResponse } from '@hotswap/protocol/http';
import type { Logger, PluginContext } from '@hotswap/sdk';
import type { ModuleScope } from './compile.ts';
import type { Callback, TellFault } from './guarded-callback.ts';
import type { Ledger } from './ledger.ts';
import { scopedProcess } from './scoped-process.ts';
import { scopedTimerPromises, scopedTimers, withTimerPromises } from './scoped-timers.ts';
import { fail } from '../errors.ts';
import type { NativeAddon } from '../loading/artifact.ts';

/** What the wrapped globals of one generation stand on. */
export interface ScopeParts {
  readonly plugin: string;
  readonly anchor?: object;
  readonly ledger: Ledger;
  readonly log: Logger;
  readonly fetch: PluginContext['fetch'];
  readonly fault: TellFault;
  /** Native addons it was bundled with; default none. */
  readonly addons?: readonly NativeAddon[] | undefined;
  /** Aborted when the generation ends. */
  readonly signal: AbortSignal;
}

/** Makes the globals of one generation: what they begin enters its ledger and ends with it. */
export function createModuleScope(parts: ScopeParts): ModuleScope {
  const timers = scopedTimers(parts.ledger, parts.fault);
  const process = scopedProcess(parts);
  const promises = scopedTimerPromises(parts.signal);
  const replaced: Record<string, object> = {
    timers: withTimerPromises(timers, promises),
    process,
    'timers/promises': promises,
  };
  const require = scopedRequire(replaced, parts.addons);
  replaced['module'] = Object.assign({}, nodeModule, { createRequire: () => require });
  return {
    ...(parts.anchor && { anchor: parts.anchor }),
    globals: {
      ...timers,
      queueMicrotask,
      process,
      console: scopedConsole(parts.log),
      fetch: parts.fetch,
      require,
      Request: HotRequest,
      Response: HotResponse,
      Headers: HotHeaders,
    },
    import: (specifier) => importFor(parts.plugin, specifier, replaced),
  };
}

/** Built-ins and the SDK; everything else was built in, or is refused. */
async function importFor(
  plugin: string,
  specifier: string,
  replaced: Readonly<Record<string, object>>,
): Promise<object> {
  if (specifier === '@hotswap/sdk') return import('@hotswap/sdk');
  if (specifier === '@hotswap/protocol') return import('@hotswap/protocol');
  if (!nodeModule.isBuiltin(specifier)) throw fail('IMPORT_REFUSED', { plugin, specifier });
  const own = replaced[specifier.replace(/^node:/, '')];
  return own ? { ...own, default: own } : ((await import(specifier)) as object);
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

function scopedRequire(replaced: Readonly<Record<string, object>>, addons: readonly NativeAddon[] = []): Callback {
  const hostRequire = nodeModule.createRequire(import.meta.url);
  return (specifier) => {
    const name = String(specifier);
    const addon = addons.find((one) => one.name === name || one.file === name);
    if (addon !== undefined) return hostRequire(addon.file);
    if (!nodeModule.isBuiltin(name)) throw fail('REQUIRE_REFUSED', { specifier: name });
    return replaced[name.replace(/^node:/, '')] ?? hostRequire(name);
  };
}
