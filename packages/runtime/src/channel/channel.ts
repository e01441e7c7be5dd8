import { isCodedError, messageOf } from '@hotswap/protocol';
import { Bodies } from './bodies/bodies.ts';
import { InvalidMessage } from './bounds.ts';
import { AnswerWithParts, type CallKeeper, InboundCall, PendingCall, type ReadAnswer } from './calls.ts';
import type { Transport } from './transport.ts';
import { fromWireFailure, toWireFailure } from './wire-failure.ts';
import { fail } from '../errors.ts';
import { uncloneable } from '../values/uncloneable.ts';

/** Works on one call of the other side; what it returns, or resolves with, is the answer. */
export type ServeCall = (message: readonly unknown[], call: InboundCall) => unknown;

/** Takes what the other side tells. */
export type TakeMessage = (message: readonly unknown[]) => void;

export interface ChannelParts {
  readonly transport: Transport;
  /** By the tag of their messages. */
  readonly calls: ReadonlyMap<string, ServeCall>;
  readonly tells: ReadonlyMap<string, TakeMessage>;
  /** How many calls of the other side may be under way; more are refused. */
  readonly mostCalls: number;
  /** The other side said what it may not say, or what nobody understands. */
  readonly violated: (problem: string) => void;
  /** Told the number of each call before it is worked on. */
  readonly progress?: { note(call: number): void };
}

const highestId = 0x3fff_ffff;

/**
 * Calls, one-way messages and bodies between the two sides of an isolation boundary, over any transport. Nothing here
 * knows what is called: the two tables do. A call ends with its answer, its failure, or the end of the channel.
 */
export class Channel implements CallKeeper {
  readonly bodies: Bodies;
  readonly #transport: Transport;
  readonly #parts: ChannelParts;
  readonly #pending = new Map<number, PendingCall>();
  readonly #inbound = new Map<number, InboundCall>();
  readonly #endInbound = (call: InboundCall): void => void this.#inbound.delete(call.id);
  #lastId = 0;
  #closedWith: Error | undefined;

  constructor(parts: ChannelParts) {
    this.#parts = parts;
    this.#transport = parts.transport;
    this.bodies = new Bodies({
      send: (message, transfer) => this.tell(message, transfer),
      violated: parts.violated,
    });
    parts.transport.onMessage = (message) => this.#receive(message);
  }

  /** Calls that the other side has not answered. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  /** Calls of the other side that are worked on. */
  get inboundCount(): number {
    return this.#inbound.size;
  }

  /**
   * Makes a call. Its number takes the second place of the message.
   *
   * @param read makes the result of what the answer holds
   * @param context stays with the call on this side
   */
  call(message: unknown[], read?: ReadAnswer, context?: unknown, transfer?: readonly ArrayBuffer[]): PendingCall {
    const pending = new PendingCall(this, this.#nextId(), read, context);
    if (this.#closedWith !== undefined) {
      pending.isSettled = true;
      pending.reject(this.#closedWith);
      return pending;
    }
    message[1] = pending.id;
    this.#pending.set(pending.id, pending);
    try {
      this.#transport.send(message, transfer);
    } catch (error) {
      this.#settled(pending);
      pending.reject(notCloneable(`the message ${String(message[0])}`, error));
    }
    return pending;
  }

  /** Sends a message that has no answer. What cannot be copied is told as VALUE_NOT_CLONEABLE. */
  tell(message: readonly unknown[], transfer?: readonly ArrayBuffer[]): void {
    if (this.#closedWith !== undefined) return;
    try {
      this.#transport.send(message, transfer);
    } catch (error) {
      throw notCloneable(`the message ${String(message[0])}`, error);
    }
  }

  /** A call of this side that is under way. */
  pending(id: unknown): PendingCall | undefined {
    return typeof id === 'number' ? this.#pending.get(id) : undefined;
  }

  /** A call of the other side that is under way. */
  inbound(id: unknown): InboundCall | undefined {
    return typeof id === 'number' ? this.#inbound.get(id) : undefined;
  }

  abortCall(call: PendingCall, reason: unknown): void {
    if (this.#pending.get(call.id) === call) this.tell(['abort', call.id, toWireFailure(reason)]);
  }

  forget(call: PendingCall): void {
    this.#pending.delete(call.id);
    call.onEnd?.();
  }

  /**
   * Ends everything: each pending call is settled with the error that `errorFor` gives, at once. What is called later
   * is refused with `error`.
   */
  close(error: Error, errorFor: (call: PendingCall) => Error = () => error): void {
    if (this.#closedWith !== undefined) return;
    this.#closedWith = error;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const call of pending) {
      if (call.isSettled) continue;
      call.isSettled = true;
      call.reject(errorFor(call));
    }
    for (const call of this.#inbound.values()) call.abort(error);
    this.#inbound.clear();
    this.bodies.close(error);
    for (const call of pending) call.onEnd?.();
  }

  /** Round and round, past numbers that are still in use: they stay small, which keeps them fast. */
  #nextId(): number {
    do this.#lastId = this.#lastId === highestId ? 1 : this.#lastId + 1;
    while (this.#pending.has(this.#lastId));
    return this.#lastId;
  }

  #receive(message: unknown): void {
    if (this.#closedWith !== undefined) return;
    if (!Array.isArray(message)) return this.#parts.violated('a message is no list');
    const [tag, id, content, parts]: readonly unknown[] = message;
    if (typeof tag !== 'string') return this.#parts.violated('a message has no tag');
    if (typeof id !== 'number') return this.#take(tag, message);
    switch (tag) {
      case 'answer':
        return this.#answered(id, content, parts);
      case 'failure':
        return this.#failed(id, content);
      case 'abort':
        return this.#inbound.get(id)?.abort(fromWireFailure(content));
      case 'pull':
      case 'cancel':
      case 'chunk':
      case 'end':
      case 'break':
        return this.#guarded(() => this.bodies.receive(tag, id, content));
      default:
        return this.#serve(tag, id, message);
    }
  }

  #answered(id: number, value: unknown, parts: unknown): void {
    const pending = this.#expected(id);
    if (pending === undefined) return;
    try {
      const answer = pending.read === undefined ? value : pending.read(value, pending, parts);
      this.#settled(pending);
      pending.resolve(answer);
    } catch (error) {
      this.#settled(pending);
      pending.reject(error);
      if (error instanceof InvalidMessage) this.#parts.violated(error.message);
    }
  }

  #failed(id: number, failure: unknown): void {
    const pending = this.#expected(id);
    if (pending === undefined) return;
    this.#settled(pending);
    pending.reject(fromWireFailure(failure));
  }

  #expected(id: number): PendingCall | undefined {
    const pending = this.#pending.get(id);
    if (pending !== undefined && !pending.isSettled) return pending;
    this.#parts.violated('an answer came to a call that nobody made');
    return undefined;
  }

  #settled(pending: PendingCall): void {
    pending.isSettled = true;
    if (!pending.isHeld) this.forget(pending);
  }

  #take(tag: string, message: readonly unknown[]): void {
    const tell = this.#parts.tells.get(tag);
    if (tell === undefined) return this.#parts.violated(`nobody understands ${shown(tag)}`);
    this.#guarded(() => tell(message));
  }

  #serve(tag: string, id: number, message: readonly unknown[]): void {
    const serve = this.#parts.calls.get(tag);
    if (serve === undefined) return this.#take(tag, message);
    if (!Number.isSafeInteger(id)) return this.#parts.violated(`the number of ${shown(tag)} is none`);
    if (this.#inbound.has(id)) return this.#parts.violated('a call has the number of another one');
    if (this.#inbound.size >= this.#parts.mostCalls) {
      this.tell(['failure', id, toWireFailure(fail('GUEST_CALLS_EXCEEDED', { limit: this.#parts.mostCalls }))]);
      return;
    }
    this.#parts.progress?.note(id);
    const call = new InboundCall(id, this.#endInbound);
    let value: unknown;
    try {
      value = serve(message, call);
      if (!isThenable(value)) return this.#answer(call, value);
    } catch (error) {
      return this.#fail(call, error);
    }
    this.#inbound.set(id, call);
    value.then(
      (answer) => this.#answer(call, answer),
      (error: unknown) => this.#fail(call, error),
    );
  }

  #answer(call: InboundCall, value: unknown): void {
    if (this.#closedWith !== undefined) return;
    try {
      const isWhole = !(value instanceof AnswerWithParts);
      this.#transport.send(isWhole ? ['answer', call.id, value] : ['answer', call.id, value.plain, value.parts]);
    } catch (error) {
      return this.#fail(call, isCodedError(error) ? error : uncloneable(value, call.answerName, error));
    }
    this.#ended(call);
  }

  #fail(call: InboundCall, error: unknown): void {
    if (error instanceof InvalidMessage) this.#parts.violated(error.message);
    this.tell(['failure', call.id, toWireFailure(error)]);
    this.#ended(call);
  }

  #ended(call: InboundCall): void {
    call.isAnswered = true;
    if (!call.isHeld) this.#inbound.delete(call.id);
    // Something of the answer is still streamed, so that the other side may still abort it.
    else this.#inbound.set(call.id, call);
  }

  #guarded(take: () => void): void {
    try {
      take();
    } catch (error) {
      this.#parts.violated(messageOf(error));
    }
  }
}

function notCloneable(path: string, error: unknown): Error {
  if (isCodedError(error)) return error;
  return fail('VALUE_NOT_CLONEABLE', { path, reason: messageOf(error) }, { cause: error });
}

function shown(tag: string): string {
  return JSON.stringify(tag.slice(0, 40));
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
