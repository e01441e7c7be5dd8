import { isCodedError, type ExportedState, type Registration, type RegistrationOf } from '@hotswap/protocol';
import type { Logger, MaybePromise } from '@hotswap/sdk';
import type { CallDeadlines, DeadlineHolder } from './call-deadlines.ts';
import { FaultLog } from './fault-log.ts';
import { type GenerationMove, Lifecycle, type PluginState } from './lifecycle.ts';
import { PluginCall, type CallOptions } from './plugin-call.ts';
import { PendingCall } from '../channel/calls.ts';
import { fail } from '../errors.ts';
import type { GuestHandler } from '../guest/guest-host.ts';
import type { SocketPort } from '../guest/socket-peer.ts';
import type { GenerationServices } from '../host-services/service-registry.ts';
import { DurationHistogram } from '../host-services/metrics/duration-histogram.ts';
import type { Isolate, PluginTraits } from '../isolation/isolate.ts';
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
  readonly services: GenerationServices;
  /** The host's end of its WebSocket connections. */
  readonly sockets: SocketPort;
  readonly deadlines: CallDeadlines;
  /** How long one call may take, in milliseconds; Infinity at level `none`. */
  readonly callTimeoutMs: number;
  /** The largest request body its routes accept; Infinity where only the listener's limit holds. */
  readonly maxBodyBytes: number;
  readonly log: Logger;
  readonly onMove: (move: GenerationMove, generation: Generation) => void;
  /** A function of it as others may call it. */
  readonly bound: (fn: GuestHandler, generation: Generation) => (input: unknown) => Promise<unknown>;
  /** Its isolate ended without being asked to. */
  readonly onExit: (error: Error, generation: Generation) => void;
  /** A call of it failed, or an error came out of it. */
  readonly onFailure: (generation: Generation) => void;
}

/** What one finished call tells whoever watches a generation. */
export type OutcomeListener = (outcome: { readonly isError: boolean; readonly durationMs: number }) => void;

/** Turns what an author returned into what the caller gets; throws where that is impossible. */
export type ReadAnswer<T> = (value: unknown, plugin: string) => T;

/** A call of a method, which is recorded and closed where it ends. */
interface BriefCall {
  readonly startedAt: number;
  readonly call: PluginCall;
}

/** One running copy of a plugin: its isolate, its handlers, its leases and what became of its calls. */
export class Generation implements DeadlineHolder {
  readonly plugin: string;
  readonly number: number;
  readonly artifact: Artifact;
  readonly isolate: Isolate;
  readonly services: GenerationServices;
  readonly lifecycle: Lifecycle;
  readonly leases = new LeaseBook();
  readonly durations = new DurationHistogram();
  readonly startedAt = Date.now();
  readonly callTimeoutMs: number;
  readonly maxBodyBytes: number;
  /** Told of every finished call while somebody watches. */
  onOutcome: OutcomeListener | undefined;
  /** Ends its tasks, subscriptions, services and extensions; written by publish alone. */
  detach: (() => void) | undefined;
  /** The stop of its isolate, and its whole end, once begun; written by retire alone. */
  stopping: Promise<void> | undefined;
  ending: Promise<void> | undefined;
  /** What its code says of itself; known once it is loaded. */
  traits: PluginTraits = { swap: undefined, state: 'none' };
  /** Whether it gives its state when asked; known once it has started. */
  exportsState = false;
  requests = 0;
  errors = 0;
  /** Errors that came out of the plugin outside any call. */
  faults = 0;
  /** Calls that were not answered in time. */
  timeouts = 0;
  readonly #registrations: Registration[] = [];
  readonly #handlers = new Map<string, GuestHandler>();
  readonly #deadlines: CallDeadlines;
  readonly #faultLog: FaultLog;
  readonly #sockets: SocketPort;
  /** Whoever it belongs to. */
  readonly #owner: Pick<GenerationParts, 'bound' | 'onExit' | 'onFailure'>;
  #config: Readonly<Record<string, unknown>>;

  constructor(parts: GenerationParts) {
    this.plugin = parts.plugin;
    this.number = parts.number;
    this.artifact = parts.artifact;
    this.isolate = parts.isolate;
    this.services = parts.services;
    this.callTimeoutMs = parts.callTimeoutMs;
    this.maxBodyBytes = parts.maxBodyBytes;
    this.lifecycle = new Lifecycle(Date.now, (move) => parts.onMove(move, this));
    this.#config = parts.config;
    this.#deadlines = parts.deadlines;
    this.#sockets = parts.sockets;
    this.#owner = parts;
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
    return this.leases.open();
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

  /** Brings the code into its isolate. Rejects with PLUGIN_START_FAILED or the plugin's own coded error. */
  async load(): Promise<PluginTraits> {
    this.#deadlines.add(this);
    this.traits = await this.#begin('PLUGIN_START_FAILED', () =>
      this.isolate.load({
        manifest: this.artifact.manifest,
        generation: this.number,
        program: this.artifact.program,
        signer: this.artifact.verification?.signer?.keyId,
        config: this.#config,
        services: this.services,
        host: {
          register: (registration, handler) => this.#register(registration, handler),
          fault: (where, error) => this.fault(where, error),
          exited: (error) => this.#exited(error),
          bound: (fn) => this.#owner.bound(fn, this),
          sockets: this.#sockets,
        },
      }),
    );
    return this.traits;
  }

  /** Starts the plugin with the state of the one before it. Rejects as `load` does. */
  async start(state?: ExportedState): Promise<void> {
    const { exportsState } = await this.#begin('PLUGIN_START_FAILED', () => this.isolate.start(state));
    this.exportsState = exportsState;
  }

  /** Its state as it is now. Rejects with STATE_EXPORT_FAILED, or as `Isolate.exportState` does. */
  exportState(version?: number): Promise<ExportedState | undefined> {
    return this.#begin('STATE_EXPORT_FAILED', () => this.isolate.exportState(version));
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
   * The caller says with `record` what became of it.
   */
  call<T>(lease: Lease, read: ReadAnswer<T>, handler: GuestHandler, args: readonly unknown[]): MaybePromise<T> {
    let value: unknown;
    try {
      value = handler(...(args as readonly never[]));
      if (!isThenable(value)) return read(value, this.plugin);
    } catch (error) {
      throw this.#failed(error, lease);
    }
    return this.#bounded(lease, value, read);
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
        this.record(performance.now() - startedAt, false);
        return value;
      }
    } catch (error) {
      call.close();
      throw this.#recorded(startedAt, this.#failed(error));
    } finally {
      this.leases.leaveBrief();
    }
    return this.#bounded(call.lease, value, asItIs, { startedAt, call });
  }

  /** Runs a task, an event or a service call, and `read`, under a lease of its own, whose signal the arguments may carry. */
  async callInBackground(
    handler: GuestHandler,
    argsFor: (lease: Lease) => readonly unknown[],
    limitMs = this.callTimeoutMs,
    read: ReadAnswer<unknown> = asItIs,
  ): Promise<unknown> {
    const startedAt = performance.now();
    const lease = this.leases.acquire();
    lease.limitMs = limitMs;
    try {
      const value = await this.call(lease, read, handler, argsFor(lease));
      this.record(performance.now() - startedAt, false);
      return value;
    } catch (error) {
      throw this.#recorded(startedAt, error);
    } finally {
      lease.release();
    }
  }

  /** Writes down what became of a call, and tells whoever watches. */
  record(durationMs: number, isError: boolean): void {
    this.requests++;
    if (isError) this.errors++;
    this.durations.record(durationMs);
    this.onOutcome?.({ isError, durationMs });
    if (isError) this.#owner.onFailure(this);
  }

  /** A middleware waits for what stands behind it: its own time does not run meanwhile. */
  pauseDeadline(lease: Lease): void {
    lease.isPaused = true;
    lease.deadlineAt = Infinity;
  }

  resumeDeadline(lease: Lease): void {
    lease.isPaused = false;
    if (lease.cancel !== undefined) this.#setDeadline(lease, performance.now());
  }

  expire(now: number): void {
    this.leases.expire(now, ({ limitMs = this.callTimeoutMs }) => {
      this.timeouts++;
      return fail('CALL_TIMED_OUT', { plugin: this.plugin, limitMs });
    });
  }

  /** An error came out of the plugin outside any call. */
  fault(where: string, error: unknown): void {
    this.faults++;
    this.#faultLog.write(`plugin failed in a ${where}`, error);
    this.onOutcome?.({ isError: true, durationMs: 0 });
    this.#owner.onFailure(this);
  }

  /** Lets go of the host's side, after the isolate has stopped. */
  dispose(): void {
    this.#deadlines.remove(this);
    this.services.close();
    this.#handlers.clear();
    this.onOutcome = undefined;
  }

  async #begin<T>(code: 'PLUGIN_START_FAILED' | 'STATE_EXPORT_FAILED', step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      if (isCodedError(error) && error.kind !== 'internal') throw error;
      const { message, stack } = this.#faultLog.explain(error);
      throw fail(code, { plugin: this.plugin, problem: message, stack }, { cause: error });
    }
  }

  /** The isolate is gone: whoever still waits for it is told, and nobody comes in any more. */
  #exited(error: Error): void {
    this.faults++;
    this.#faultLog.writeInAnyCase('the isolate of the plugin ended', error);
    this.leases.abortAll(error);
    // The isolate itself settles every call, and says of each whether the plugin had begun it.
    this.leases.cutOffAll(error);
    if (this.lifecycle.can('failed')) this.lifecycle.move('failed', toCode(error));
    // Whoever watches acts next, if anybody does: recovery must see first that there is a watch.
    this.#owner.onExit(error, this);
    this.onOutcome?.({ isError: true, durationMs: 0 });
  }

  #register(registration: Registration, handler: GuestHandler): void {
    const ordinal = this.#registrations.filter(({ type }) => type === registration.type).length;
    this.#registrations.push(registration);
    this.#handlers.set(handlerKey(registration, ordinal), handler);
    this.#handlers.set(`#${registration.id}`, handler);
  }

  /** Waits for a promise under the time limit. A `brief` call is recorded and closed here: nobody else knows its end. */
  #bounded<T>(lease: Lease, value: PromiseLike<unknown>, read: ReadAnswer<T>, brief?: BriefCall): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    // Bound, and no closure: what a closure shares with the two below was measured to outlive many collections.
    lease.cancel = this.#cancel.bind(this, lease, brief, reject);
    this.#setDeadline(lease, brief?.startedAt ?? performance.now());
    const answered = (answer: unknown): void => {
      if (lease.cancel === undefined) return;
      this.#end(lease, brief, false);
      try {
        resolve(read(answer, this.plugin));
      } catch (error) {
        reject(this.#failed(error, lease));
      }
    };
    const failed = (error: unknown): void => {
      if (lease.cancel === undefined) return;
      const failure = this.#failed(error, lease);
      this.#end(lease, brief, isFault(failure));
      reject(failure);
    };
    if (value instanceof PendingCall) value.whenSettled(answered, failed);
    else value.then(answered, failed);
    return promise;
  }

  #cancel(lease: Lease, brief: BriefCall | undefined, reject: (error: Error) => void, error: Error): void {
    this.#end(lease, brief, true);
    reject(error);
  }

  #end(lease: Lease, brief: BriefCall | undefined, isError: boolean): void {
    lease.cancel = undefined;
    lease.deadlineAt = Infinity;
    if (brief === undefined) return;
    brief.call.close();
    this.record(performance.now() - brief.startedAt, isError);
  }

  #setDeadline(lease: Lease, from: number): void {
    const limitMs = lease.limitMs ?? this.callTimeoutMs;
    if (limitMs === Infinity || lease.isPaused) return;
    lease.deadlineAt = from + limitMs;
    this.#deadlines.arm();
  }

  #failed(error: unknown, lease?: Lease): Error {
    if (isCodedError(error) && isCallersFault(error.code)) return error;
    // Written to the log once, when the isolate ended, and not for each call that was under way.
    if (isCodedError(error) && error.code === 'ISOLATE_EXITED') return error;
    const { message } = this.#faultLog.write('plugin failed while it answered', error, lease?.request?.requestId);
    if (isCodedError(error) && error.code === 'HANDLER_ANSWER_INVALID') return error;
    return fail('PLUGIN_HANDLER_FAILED', { plugin: this.plugin, problem: message }, { cause: error });
  }

  #recorded(startedAt: number, error: unknown): unknown {
    this.record(performance.now() - startedAt, isFault(error));
    return error;
  }
}

/** Whether an error counts against the plugin, and not against whoever called it. */
export function isFault(error: unknown): boolean {
  return !isCodedError(error) || !isCallersFault(error.code);
}

function toCode(error: Error): string {
  return isCodedError(error) ? error.code : 'ISOLATE_EXITED';
}

const asItIs = (value: unknown): unknown => value;

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
