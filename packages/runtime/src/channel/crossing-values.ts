import { isCodedError } from '@hotswap/protocol';
import { HotResponse } from '@hotswap/protocol/http';
import { InvalidMessage, listOf, textOf, wholeOf } from './bounds.ts';
import { RemoteBody } from './bodies/remote-body.ts';
import type { WireBody } from './bodies/bodies.ts';
import { AnswerWithParts, type InboundCall, type PendingCall, type ReadAnswer } from './calls.ts';
import type { Channel } from './channel.ts';
import { fail } from '../errors.ts';
import { Callback, handleOf, type Invoke } from '../values/callback.ts';
import { uncloneable } from '../values/uncloneable.ts';
import { deepestPart, partsIn, type PartPath, putAt, type ValuePart, withoutParts } from '../values/value-parts.ts';

/** What stands beside a value for a part of it that does not cross as a copy. */
export type WirePart = readonly [path: PartPath, ...part: ['stream', WireBody] | ['callback', number]];

/** Parts of one value; the channel refuses more. */
const mostParts = 1_000;
/** Callbacks of the other side that this one knows; far more than a generation may have. */
const mostCallbacks = 100_000;
const longestKey = 1_024;
const highestNumber = 0x3fff_ffff;

const callOver = new Error('the call that this stream belongs to is over');

export interface CrossingValuesParts {
  readonly channel: () => Channel;
  /** Makes a call of the other side's callback one of the generation that made it; undefined: it is that already. */
  readonly adopt?: ((invoke: Invoke) => Invoke) | undefined;
}

/**
 * What goes in and out of services over one channel: copies, streams that flow as they are read, and callbacks that are
 * called back over the channel. A value that holds neither crosses as it is.
 */
export class CrossingValues {
  readonly #parts: CrossingValuesParts;
  readonly #exported = new Map<number, Callback>();
  readonly #numbers = new Map<Callback, number>();
  readonly #forgetEnds = new Set<() => void>();
  readonly #imported = new Map<number, { readonly callback: Callback; readonly handle: unknown }>();
  #lastNumber = 0;

  constructor(parts: CrossingValuesParts) {
    this.#parts = parts;
  }

  /**
   * Calls with an input as the last thing of the message. Its streams flow until the call is over, answer included.
   *
   * @param name what to call the input in an error
   */
  call(
    message: readonly unknown[],
    input: unknown,
    name: string,
  ): { readonly pending: PendingCall; readonly promise: Promise<unknown> } {
    const parts = partsIn(input, name);
    const held: number[] = [];
    const wire = parts.map((part) => this.#write(part, held));
    const sent = parts.length === 0 ? [...message, input] : [...message, withoutParts(input, parts), wire];
    const pending = this.#parts.channel().call(sent, this.#readAnswer);
    if (held.length > 0) {
      pending.onEnd = () => {
        for (const id of held) this.#parts.channel().bodies.forget(id, callOver);
      };
    }
    // It was refused before it was sent, or never will be.
    const promise = pending.isSettled
      ? pending.promise.catch((error: unknown) => named(error, input, name))
      : pending.promise;
    return { pending, promise };
  }

  /** An input that came, with its parts in their places. @throws InvalidMessage */
  readInput(value: unknown, wire: unknown): unknown {
    return wire === undefined ? value : this.#read(value, wire, undefined);
  }

  /** An output as an answer. As long as its streams flow, the call can still be aborted. */
  answer(output: unknown, call: InboundCall, name: string): unknown {
    call.answerName = name;
    const parts = partsIn(output, name);
    if (parts.length === 0) return output;
    const wire = parts.map((part) => this.#write(part, [], call));
    return new AnswerWithParts(withoutParts(output, parts), wire);
  }

  /** The other side calls a callback of this one. @throws CALLBACK_GONE */
  async serveCallback([, , number, input]: readonly unknown[], call: InboundCall): Promise<unknown> {
    call.answerName = 'callback output';
    const callback = this.#exported.get(wholeOf(number, highestNumber));
    if (callback === undefined) throw fail('CALLBACK_GONE');
    return callback.call(input);
  }

  /** A callback of the other side has ended. */
  callbackGone(number: unknown): void {
    const id = wholeOf(number, highestNumber);
    this.#imported.get(id)?.callback.end();
    this.#imported.delete(id);
  }

  /** The channel is closed: no callback of the other side can be called any more. */
  close(): void {
    for (const { callback } of this.#imported.values()) callback.end();
    this.#imported.clear();
    for (const forget of this.#forgetEnds) forget();
    this.#forgetEnds.clear();
    this.#exported.clear();
    this.#numbers.clear();
  }

  readonly #readAnswer: ReadAnswer = (value, call, wire) =>
    wire === undefined ? value : this.#read(value, wire, call);

  #write(part: ValuePart, held: number[], call?: InboundCall): WirePart {
    if (part.type === 'callback') return [part.path, 'callback', this.#export(part.callback)];
    const { bodies } = this.#parts.channel();
    const body = bodies.toWire(part.stream, () => call?.letGo());
    if (typeof body === 'object' && body !== null && 'held' in body) {
      held.push(body.held);
      call?.hold();
    }
    return [part.path, 'stream', body];
  }

  #read(value: unknown, wire: unknown, call: PendingCall | undefined): unknown {
    let whole = value;
    for (const entry of listOf(wire, mostParts)) {
      const [path, type, content] = listOf(entry, 3);
      const keys = pathOf(path);
      const part = type === 'callback' ? this.#import(content) : this.#readStream(content, call);
      const put = putAt(whole, keys, part);
      if (put === undefined) throw new InvalidMessage('a part of a value has no place in it');
      whole = put.value;
    }
    return whole;
  }

  #readStream(wire: unknown, call: PendingCall | undefined): unknown {
    const { bodies } = this.#parts.channel();
    const payload = bodies.isOwn(wire) ? bodies.reclaim(wire).take() : bodies.fromWire(wire, () => call?.letGo());
    if (payload instanceof RemoteBody) call?.hold();
    return new HotResponse(payload).body;
  }

  #export(callback: Callback): number {
    const known = this.#numbers.get(callback);
    if (known !== undefined) return known;
    const number = ++this.#lastNumber;
    this.#numbers.set(callback, number);
    this.#exported.set(number, callback);
    const forget = callback.onEnd(() => {
      this.#forgetEnds.delete(forget);
      this.#numbers.delete(callback);
      this.#exported.delete(number);
      this.#parts.channel().tell(['callback-gone', number]);
    });
    this.#forgetEnds.add(forget);
    return number;
  }

  #import(content: unknown): unknown {
    const number = wholeOf(content, highestNumber);
    const known = this.#imported.get(number);
    if (known !== undefined) return known.handle;
    if (this.#imported.size >= mostCallbacks) throw new InvalidMessage(`more than ${mostCallbacks} callbacks`);
    const ask: Invoke = async (input) => {
      const { promise } = this.#ask(number, input);
      return promise;
    };
    const callback = new Callback(this.#parts.adopt?.(ask) ?? ask);
    const handle = handleOf(callback);
    this.#imported.set(number, { callback, handle });
    return handle;
  }

  #ask(number: number, input: unknown): { readonly promise: Promise<unknown> } {
    const pending = this.#parts.channel().call(['callback', 0, number, input]);
    if (!pending.isSettled) return pending;
    return { promise: pending.promise.catch((error: unknown) => named(error, input, 'callback input')) };
  }
}

/** Says of a value that could not be sent which place of it made the trouble. */
function named(error: unknown, value: unknown, name: string): never {
  if (!isCodedError(error) || error.code !== 'VALUE_NOT_CLONEABLE') throw error;
  throw uncloneable(value, name, error.cause);
}

function pathOf(value: unknown): PartPath {
  return listOf(value, deepestPart).map((key) =>
    typeof key === 'string' ? textOf(key, longestKey) : wholeOf(key, highestNumber),
  );
}
