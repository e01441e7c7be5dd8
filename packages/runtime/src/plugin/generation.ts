import { isCodedError, type Registration, type RegistrationOf } from '@hotswap/protocol';
import type { Logger, MaybePromise } from '@hotswap/sdk';
import type { CallDeadlines, DeadlineHolder } from './call-deadlines.ts';
import { FaultLog } from './fault-log.ts';
import { type GenerationMove, Lifecycle, type PluginState } from './lifecycle.ts';
import { PluginCall, type CallOptions } from './plugin-call.ts';
import { fail } from '../errors.ts';
import type { GuestHandler } from '../guest/guest-host.ts';
import type { HostServices } from '../host-services/host-services.ts';
import { DurationHistogram } from '../host-services/metrics/duration-histogram.ts';
import type { Isolate } from '../isolation/isolate.ts';
import type { Artifact } from '../loading/artifact.ts';
import { type Lease, LeaseBook } from '../routing/lease.ts';
import { handlerKey } from '../routing/routing-table.ts';

/** What a generation is made of. */
export interface GenerationParts {
  readonly plugin: string;
  readonly number: number;
  readonly artifact: Artifact;
  readonly config: Readonly<Record<string, unknown>>;
  readonly isolate: Isolate;
  readonly services: HostServices;
  readonly deadlines: CallDeadlines;
  /** How long one call may take, in milliseconds; Infinity at level `none`. */
  readonly callTimeoutMs: number;
  readonly log: Logger;
  readonly onMove: (move: GenerationMove, generation: Generation) => void;
}

/** What one finished call tells whoever watches a generation. */
export type OutcomeListener = (outcome: { readonly isError: boolean; readonly durationMs: number }) => void;

/** What a finished call's value is checked with. */
export interface AnswerCheck<T> {
  /** Turns what the author returned into what the caller gets; throws if that is impossible. */
  readonly read: (value: unknown, plugin: string) => T;
  /** Whether a value that was returned counts as an error all the same, as a 500 does. */
  readonly isError: (value: T) => boolean;
}

const methodAnswer: AnswerCheck<unknown> = { read: (value) => value, isError: () => false };

/** One running copy of a plugin: its isolate, its handlers, its leases and what became of its calls. */
export class Generation implements DeadlineHolder {
  readonly plugin: string;
  readonly number: number;
  readonly artifact: Artifact;
  readonly isolate: Isolate;
  readonly services: HostServices;
  readonly lifecycle: Lifecycle;
  readonly leases = new LeaseBook();
  readonly durations = new DurationHistogram();
  readonly startedAt = Date.now();
  readonly callTimeoutMs: number;
  /** Told of every finished call while somebody watches. */
  onOutcome: OutcomeListener | undefined;
  /** Ends its tasks, subscriptions, services and extensions; written by publish alone. */
  detach: (() => void) | undefined;
  requests = 0;
  errors = 0;
  /** Errors that came out of the plugin outside any call. */
  faults = 0;
  readonly #registrations: Registration[] = [];
  readonly #handlers = new Map<string, GuestHandler>();
  readonly #deadlines: CallDeadlines;
  readonly #faultLog: FaultLog;
  #config: Readonly<Record<string, unknown>>;

  constructor(parts: GenerationParts) {
    this.plugin = parts.plugin;
    this.number = parts.number;
    this.artifact = parts.artifact;
    this.isolate = parts.isolate;
    this.services = parts.services;
    this.callTimeoutMs = parts.callTimeoutMs;
    this.lifecycle = new Lifecycle(Date.now, (move) => parts.onMove(move, this));
    this.#config = parts.config;
    this.#deadlines = parts.deadlines;
    this.#faultLog = new FaultLog(parts.log, parts.artifact.program);
  }

  get state(): PluginState {
    return this.lifecycle.state;
  }

  get config(): Readonly<Record<string, unknown>> {
    return this.#config;
  }

  get registrations(): readonly Registration[] {
    return this.#registrations;
  }

  get openLeases(): Iterable<Lease> {
    return this.leases.open;
  }

  /** The handler behind a key of the routing table; undefined when this generation has no such route. */
  handlerAt(key: string): GuestHandler | undefined {
    return this.#handlers.get(key);
  }

  /** Registrations of one type with their handlers, in the order in which they were made. */
  *registered<Type extends Registration['type']>(
    type: Type,
  ): Iterable<{ readonly registration: RegistrationOf<Type>; readonly handler: GuestHandler }> {
    for (const registration of this.#registrations) {
      const handler = this.#handlers.get(`#${registration.id}`);
      if (handler && isOfType(registration, type)) yield { registration, handler };
    }
  }

  /** Starts the plugin in its isolate. Rejects with PLUGIN_START_FAILED or the plugin's own coded error. */
  async start(): Promise<void> {
    this.#deadlines.add(this);
    try {
      await this.isolate.start({
        manifest: this.artifact.manifest,
        generation: this.number,
        program: this.artifact.program,
        config: this.#config,
        services: this.services,
        host: {
          register: (registration, handler) => this.#register(registration, handler),
          fault: (where, error) => this.fault(where, error),
        },
      });
    } catch (error) {
      if (isCodedError(error) && error.kind !== 'internal') throw error;
      const { message, stack } = this.#faultLog.explain(error);
      throw fail('PLUGIN_START_FAILED', { plugin: this.plugin, problem: message, stack }, { cause: error });
    }
  }

  /** Takes a new config in place; false means that a swap is needed. */
  async configure(next: Readonly<Record<string, unknown>>): Promise<boolean> {
    const isTaken = await this.isolate.configure(next, this.#config);
    if (isTaken) this.#config = next;
    return isTaken;
  }

  /**
   * Calls a handler under a lease, with the time limit of this generation. An answer that is no promise comes back
   * at once. Whatever the plugin throws becomes PLUGIN_HANDLER_FAILED; a call over its time, CALL_TIMED_OUT.
   */
  call<T>(lease: Lease, check: AnswerCheck<T>, handler: GuestHandler, args: readonly unknown[]): MaybePromise<T> {
    const startedAt = performance.now();
    let value: unknown;
    try {
      value = handler(...(args as readonly never[]));
      if (!isThenable(value)) return this.#finish(startedAt, check, value);
    } catch (error) {
      throw this.#failed(startedAt, error);
    }
    return this.#bounded(lease, value, startedAt, check);
  }

  /** Calls a method by name: no lease object is made unless the handler awaits something or looks at its signal. */
  callMethod(handler: GuestHandler, data: unknown, options: CallOptions | undefined): MaybePromise<unknown> {
    const startedAt = performance.now();
    const call = new PluginCall(this.leases, data, options);
    this.leases.enterBrief();
    let value: unknown;
    try {
      value = handler(call as never);
      if (!isThenable(value)) {
        call.close();
        this.#record(startedAt, false);
        return value;
      }
    } catch (error) {
      call.close();
      throw this.#failed(startedAt, error);
    } finally {
      this.leases.leaveBrief();
    }
    return this.#bounded(call.lease, value, startedAt, methodAnswer).finally(() => call.close());
  }

  /** Runs a task, an event or a service call under a lease of its own. */
  async callInBackground(handler: GuestHandler, ...args: readonly unknown[]): Promise<unknown> {
    const lease = this.leases.acquire();
    try {
      return await this.call(lease, methodAnswer, handler, args);
    } finally {
      lease.release();
    }
  }

  /** A middleware waits for what stands behind it: its own time does not run meanwhile. */
  pauseDeadline(lease: Lease): void {
    lease.deadlineAt = Infinity;
  }

  resumeDeadline(lease: Lease): void {
    this.#setDeadline(lease);
  }

  expire(now: number): void {
    this.leases.expire(now, () => fail('CALL_TIMED_OUT', { plugin: this.plugin, limitMs: this.callTimeoutMs }));
  }

  /** An error came out of the plugin outside any call. */
  fault(where: string, error: unknown): void {
    this.faults++;
    this.#faultLog.write(`plugin failed in a ${where}`, error);
    this.onOutcome?.({ isError: true, durationMs: 0 });
  }

  /** Lets go of the host's side, after the isolate has stopped. */
  dispose(): void {
    this.#deadlines.remove(this);
    this.services.close();
    this.#handlers.clear();
    this.onOutcome = undefined;
  }

  #register(registration: Registration, handler: GuestHandler): void {
    const ordinal = this.#registrations.filter(({ type }) => type === registration.type).length;
    this.#registrations.push(registration);
    this.#handlers.set(handlerKey(registration, ordinal), handler);
    this.#handlers.set(`#${registration.id}`, handler);
  }

  #bounded<T>(lease: Lease, value: PromiseLike<unknown>, startedAt: number, check: AnswerCheck<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      lease.cancel = (error) => {
        lease.cancel = undefined;
        lease.deadlineAt = Infinity;
        this.#record(startedAt, true);
        reject(error);
      };
      this.#setDeadline(lease);
      const settled = (settle: () => void): void => {
        if (lease.cancel === undefined) return;
        lease.cancel = undefined;
        lease.deadlineAt = Infinity;
        settle();
      };
      value.then(
        (answer) =>
          settled(() => {
            try {
              resolve(this.#finish(startedAt, check, answer));
            } catch (error) {
              reject(this.#failed(startedAt, error));
            }
          }),
        (error: unknown) => settled(() => reject(this.#failed(startedAt, error))),
      );
    });
  }

  #setDeadline(lease: Lease): void {
    if (this.callTimeoutMs === Infinity) return;
    lease.deadlineAt = performance.now() + this.callTimeoutMs;
    this.#deadlines.arm();
  }

  #finish<T>(startedAt: number, check: AnswerCheck<T>, value: unknown): T {
    const answer = check.read(value, this.plugin);
    this.#record(startedAt, check.isError(answer));
    return answer;
  }

  #failed(startedAt: number, error: unknown): Error {
    if (isCodedError(error) && isCallersFault(error.code)) {
      this.#record(startedAt, false);
      return error;
    }
    this.#record(startedAt, true);
    const { message } = this.#faultLog.write('plugin failed while it answered', error);
    return fail('PLUGIN_HANDLER_FAILED', { plugin: this.plugin, problem: message }, { cause: error });
  }

  #record(startedAt: number, isError: boolean): void {
    const durationMs = performance.now() - startedAt;
    this.requests++;
    if (isError) this.errors++;
    this.durations.record(durationMs);
    this.onOutcome?.({ isError, durationMs });
  }
}

/** Errors of the one who sent the request, which reach a handler when it reads the body. */
function isCallersFault(code: string): boolean {
  return code.startsWith('BODY_') || code.startsWith('CLIENT_');
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function isOfType<Type extends Registration['type']>(
  registration: Registration,
  type: Type,
): registration is RegistrationOf<Type> {
  return registration.type === type;
}
