import type { MaybePromise, ServiceInfo, ServiceState } from '@hotswap/sdk';
import { fail } from '../errors.ts';
import type { Held } from '../routing/gate.ts';
import type { HostClock } from './system-clock.ts';
import { copyServiceValue, handOn } from './value-copy.ts';
import { isCodedError } from '@hotswap/protocol';
import { partsIn } from '../values/value-parts.ts';

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
  readonly #followers = new Map<string, Set<Follower>>();
  readonly #changed = new Set<string>();

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
    const { plugin } = provider;
    const previous = this.#providers.get(service);
    if (previous !== undefined && previous.plugin !== plugin) {
      throw fail('SERVICE_CONFLICT', { service, plugin, provider: previous.plugin });
    }
    this.#providers.set(service, provider);
    this.#lastPlugin.set(service, plugin);
    this.#noteChange(service);
    for (const proceed of this.#waiting.get(service) ?? []) proceed();
    return () => {
      if (this.#providers.get(service) !== provider) return;
      this.#providers.delete(service);
      this.#noteChange(service);
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
      const given = this.#given(input, `${service}.${method} input`);
      let provider = this.#providers.get(service) ?? (await this.#provider(service, ended));
      for (;;) {
        try {
          return await this.#invoke({ service, method }, given, provider, { signal, caller, ended });
        } catch (error) {
          // Its thread ended before the call was begun: whoever provides the service next may have it, as if it came then.
          if (!isUnbegun(error) || hasStream(given)) throw error;
          provider = await this.#provider(service, ended, provider);
        }
      }
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
  services(): readonly ServiceInfo[] {
    return Array.from(this.#providers, ([name, { plugin, generation, methods }]) => ({
      name,
      plugin,
      generation,
      methods: Object.keys(methods),
    }));
  }

  /**
   * Tells how a service stands, at once and whenever that has changed, until the returned function is called. What comes
   * and goes within one turn is no change: a swap detaches the old generation before it attaches the new one.
   */
  follow(service: string, listener: (state: ServiceState) => void): () => void {
    const followers = this.#followers.get(service) ?? new Set();
    const follower: Follower = { listener, told: this.#providers.get(service) };
    this.#followers.set(service, followers.add(follower));
    const { told } = follower;
    listener(told === undefined ? { state: 'withdrawn' } : stateOf('provided', told));
    return () => {
      followers.delete(follower);
      if (followers.size === 0 && this.#followers.get(service) === followers) this.#followers.delete(service);
    };
  }

  #given(input: unknown, name: string): unknown {
    return this.#options.copyValues === true ? copyServiceValue(input, name) : handOn(input, name);
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
    const called = caller && this.#begin(caller.plugin, plugin);
    try {
      const output = await Promise.race([run(input, { signal, caller }), ended]);
      return this.#options.copyValues === true ? copyServiceValue(output, `${service}.${method} output`) : output;
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

  /** @param gone one that was a provider, and is not waited for */
  async #provider(service: string, ended: Promise<never>, gone?: ServiceProvider): Promise<ServiceProvider> {
    const waiting = this.#waiting.get(service) ?? new Set();
    this.#waiting.set(service, waiting);
    for (;;) {
      const now = this.#providers.get(service);
      if (now !== undefined && now !== gone) return now;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      try {
        await Promise.race([promise, ended]);
      } finally {
        waiting.delete(resolve);
      }
      // A provider that came may have gone before this turn: it is looked for again.
    }
  }

  #timedOut(service: string, method: string, { timeoutMs }: ServiceCallOptions): Error {
    const provider = this.#providers.get(service)?.plugin;
    if (provider !== undefined) return fail('SERVICE_TIMED_OUT', { service, method, provider, timeoutMs });
    const last = this.#lastPlugin.get(service);
    const hint = last === undefined ? 'load a plugin that does' : `plugin ${last} did last; load it again`;
    return fail('SERVICE_UNAVAILABLE', { service, timeoutMs, hint });
  }

  #noteChange(service: string): void {
    if (!this.#followers.has(service) || this.#changed.has(service)) return;
    this.#changed.add(service);
    queueMicrotask(() => {
      this.#changed.delete(service);
      for (const follower of this.#followers.get(service) ?? []) this.#tell(follower, this.#providers.get(service));
    });
  }

  #tell(follower: Follower, now: ServiceProvider | undefined): void {
    const { told } = follower;
    follower.told = now;
    if (now === undefined) {
      if (told !== undefined) follower.listener(stateOf('withdrawn', told));
    } else if (told === undefined) follower.listener(stateOf('provided', now));
    // The same generation again: a publish was taken back.
    else if (!isSame(told, now)) follower.listener(stateOf('replaced', now));
  }
}

/** Somebody who is told how one service stands. */
interface Follower {
  readonly listener: (state: ServiceState) => void;
  told: ServiceProvider | undefined;
}

function stateOf(state: ServiceState['state'], { plugin, generation }: ServiceProvider): ServiceState {
  return { state, plugin, generation };
}

function isSame(one: ServiceProvider, other: ServiceProvider): boolean {
  return one.plugin === other.plugin && one.generation === other.generation;
}

function isUnbegun(error: unknown): boolean {
  return isCodedError(error) && error.code === 'ISOLATE_EXITED' && error.details['begun'] === false;
}

function hasStream(input: unknown): boolean {
  return partsIn(input, 'input').some(({ type }) => type === 'stream');
}

function whenAborted(signal: AbortSignal): Promise<never> {
  const ended = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  // The call may be over, with nobody left to race against this.
  ended.catch(() => {});
  return ended;
}
