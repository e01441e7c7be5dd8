import type { MaybePromise } from '@hotswap/sdk';
import { fail } from '../errors.ts';
import type { Held } from '../routing/gate.ts';
import type { HostClock } from './system-clock.ts';
import { copyValue } from './value-copy.ts';

/** One method of a provided service. It takes a lease on its generation for as long as it runs. */
export type ServiceMethod = (
  input: unknown,
  options: { readonly signal: AbortSignal; readonly caller?: Held | undefined },
) => MaybePromise<unknown>;

/** The generation that answers for a service. */
export interface ServiceProvider {
  readonly plugin: string;
  readonly generation: number;
  readonly methods: Readonly<Record<string, ServiceMethod>>;
}

/** A service found, taken over by another generation, or gone. */
export interface ServiceChange {
  readonly service: string;
  readonly type: 'provided' | 'replaced' | 'withdrawn';
  readonly plugin: string;
  readonly generation: number;
}

export interface ServiceCallOptions {
  readonly signal?: AbortSignal | undefined;
  /** The generation that calls; undefined: the host. */
  readonly caller?: Held | undefined;
  /** How long to wait for a provider and its answer together, in milliseconds. */
  readonly timeoutMs: number;
}

export interface ServiceDirectoryOptions {
  readonly clock: Pick<HostClock, 'after'>;
  /** Inputs and outputs are copied and frozen, as at an isolation boundary; default false. */
  readonly copyValues?: boolean;
}

interface MethodName {
  readonly service: string;
  readonly method: string;
}

/** A call that is settled from outside when it is over before its provider says so. */
interface PendingCall {
  readonly signal: AbortSignal;
  readonly caller: Held | undefined;
  /** Rejects with what ended the call; never resolves. */
  readonly ended: Promise<never>;
}

/**
 * Who provides which service. A call goes to whoever provides it at that moment, waits for a provider when there is
 * none, and stays with the generation it began on when that one is replaced.
 */
export class ServiceDirectory {
  readonly #options: ServiceDirectoryOptions;
  readonly #providers = new Map<string, ServiceProvider>();
  /** Who provided a service last, for the error that names it. */
  readonly #lastPlugin = new Map<string, string>();
  readonly #waiting = new Map<string, Set<() => void>>();
  /** Calls from plugin to plugin that nobody has answered yet, counted. */
  readonly #underWay = new Map<string, Map<string, number>>();
  readonly #listeners = new Set<(change: ServiceChange) => void>();

  constructor(options: ServiceDirectoryOptions) {
    this.#options = options;
  }

  /**
   * Makes a generation the provider, at publish; it takes the place of an earlier one of its plugin at once. The
   * returned function withdraws it, and does nothing once another has its place.
   *
   * @throws SERVICE_CONFLICT when another plugin provides the service
   */
  attach(service: string, provider: ServiceProvider): () => void {
    const { plugin, generation } = provider;
    const previous = this.#providers.get(service);
    if (previous !== undefined && previous.plugin !== plugin) {
      throw fail('SERVICE_CONFLICT', { service, plugin, provider: previous.plugin });
    }
    this.#providers.set(service, provider);
    this.#lastPlugin.set(service, plugin);
    this.#announce({ service, type: previous === undefined ? 'provided' : 'replaced', plugin, generation });
    for (const proceed of this.#waiting.get(service) ?? []) proceed();
    return () => {
      if (this.#providers.get(service) !== provider) return;
      this.#providers.delete(service);
      this.#announce({ service, type: 'withdrawn', plugin, generation });
    };
  }

  /**
   * Calls a method of a service.
   *
   * @throws SERVICE_UNAVAILABLE when no provider came in time, METHOD_UNKNOWN, SERVICE_TIMED_OUT, the signal's
   * reason, or what the method throws
   */
  async call(service: string, method: string, input: unknown, options: ServiceCallOptions): Promise<unknown> {
    const limit = new AbortController();
    const cancel = this.#options.clock.after(options.timeoutMs, () =>
      limit.abort(this.#timedOut(service, method, options)),
    );
    const signal = options.signal === undefined ? limit.signal : AbortSignal.any([limit.signal, options.signal]);
    const ended = whenAborted(signal);
    try {
      signal.throwIfAborted();
      const { caller } = options;
      const provider = this.#providers.get(service) ?? (await this.#provider(service, ended));
      return await this.#invoke({ service, method }, input, provider, { signal, caller, ended });
    } finally {
      cancel();
    }
  }

  /** The plugins that a plugin has called and not heard from yet. */
  calledBy(plugin: string): Iterable<string> {
    return this.#underWay.get(plugin)?.keys() ?? [];
  }

  /** The plugin that provides a service now. */
  providerOf(service: string): string | undefined {
    return this.#providers.get(service)?.plugin;
  }

  /** Every service that has a provider now. */
  services(): readonly { readonly service: string; readonly plugin: string; readonly methods: readonly string[] }[] {
    return Array.from(this.#providers, ([service, { plugin, methods }]) => ({
      service,
      plugin,
      methods: Object.keys(methods),
    }));
  }

  /** Tells of every change from now on, until the returned function is called. */
  onChange(listener: (change: ServiceChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #invoke(target: MethodName, input: unknown, provider: ServiceProvider, call: PendingCall): Promise<unknown> {
    const { service, method } = target;
    const { methods, plugin } = provider;
    const { signal, caller, ended } = call;
    const run = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (run === undefined) {
      const known = Object.keys(methods).map((name) => `${service}.${name}`);
      throw fail('METHOD_UNKNOWN', { plugin, method: `${service}.${method}`, known: known.join(', ') });
    }
    const isCopied = this.#options.copyValues === true;
    const given = isCopied ? copyValue(input, `${service}.${method} input`) : input;
    const called = caller && this.#begin(caller.plugin, plugin);
    try {
      const output = await Promise.race([run(given, { signal, caller }), ended]);
      return isCopied ? copyValue(output, `${service}.${method} output`) : output;
    } finally {
      called?.();
    }
  }

  /** @returns what ends the count */
  #begin(from: string, to: string): () => void {
    const calls = this.#underWay.get(from) ?? new Map<string, number>();
    this.#underWay.set(from, calls.set(to, (calls.get(to) ?? 0) + 1));
    return () => {
      const left = (calls.get(to) ?? 1) - 1;
      if (left > 0) calls.set(to, left);
      else calls.delete(to);
      if (calls.size === 0 && this.#underWay.get(from) === calls) this.#underWay.delete(from);
    };
  }

  async #provider(service: string, ended: Promise<never>): Promise<ServiceProvider> {
    const waiting = this.#waiting.get(service) ?? new Set();
    this.#waiting.set(service, waiting);
    for (;;) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      try {
        await Promise.race([promise, ended]);
      } finally {
        waiting.delete(resolve);
      }
      // A provider that came may have gone before this turn.
      const provider = this.#providers.get(service);
      if (provider !== undefined) return provider;
    }
  }

  #timedOut(service: string, method: string, { timeoutMs }: ServiceCallOptions): Error {
    const provider = this.#providers.get(service)?.plugin;
    if (provider !== undefined) return fail('SERVICE_TIMED_OUT', { service, method, provider, timeoutMs });
    const last = this.#lastPlugin.get(service);
    const hint = last === undefined ? 'load a plugin that does' : `plugin ${last} did last; load it again`;
    return fail('SERVICE_UNAVAILABLE', { service, timeoutMs, hint });
  }

  #announce(change: ServiceChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

function whenAborted(signal: AbortSignal): Promise<never> {
  const ended = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  // The call may be over, with nobody left to race against this.
  ended.catch(() => {});
  return ended;
}
