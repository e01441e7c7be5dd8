import { bytesOf, isBlob, isSource, untouchedSource } from '@hotswap/protocol/http';
import type { BodyPayload, BodySource } from '@hotswap/protocol/http';
import { bytesWithin, InvalidMessage, wholeOf } from '../bounds.ts';
import { RemoteBody } from './remote-body.ts';
import { fromWireFailure, toWireFailure } from '../wire-failure.ts';

/** A body on its way: none, small and whole, held by the sender until it is asked for, or the receiver's own, unread. */
export type WireBody =
  | null
  | string
  | Uint8Array
  | { readonly held: number; readonly length: number | undefined }
  | { readonly yours: number };

/** Whoever has a body that may be handed over once: a request, an answer. */
export interface BodyOwner {
  take(): BodyPayload | null;
}

export interface BodiesParts {
  readonly send: (message: readonly unknown[], transfer?: readonly ArrayBuffer[]) => void;
  readonly violated: (problem: string) => void;
}

/** Larger ones are not sent along, but only when they are asked for. */
const mostInline = 1_048_576;
const largestChunk = 65_536;
/** Bytes that may be under way, or wait on this side to be read. */
const mostCredit = 16_777_216;

/** A body of this side that the other one knows of. */
interface HeldBody {
  readonly id: number;
  readonly owner: BodyOwner;
  /** Called once, when nothing more will be sent of it. */
  readonly ended: (() => void) | undefined;
  parts: AsyncIterator<unknown> | undefined;
  /** What is left of the last part. */
  rest: Uint8Array;
  credit: number;
  isPumping: boolean;
}

/** What must be done for a body that this side let go without reading it. */
interface Unread {
  readonly id: number;
  readonly ended: (() => void) | undefined;
}

const nothing = new Uint8Array();

/**
 * The bodies that cross one channel. A body is held where it is, and the other side gets its number; only what is read
 * there is sent, as far as it was asked for. One that comes back unread is its own owner again.
 */
export class Bodies {
  /** Bytes of bodies that this side has sent in chunks. */
  sentBytes = 0;
  readonly #parts: BodiesParts;
  readonly #held = new Map<number, HeldBody>();
  /** Those that are being read. */
  readonly #remote = new Map<number, RemoteBody>();
  /** Those that nobody has asked for: the other side keeps them for as long as somebody here could. */
  readonly #unread = new FinalizationRegistry<Unread>(({ id, ended }) => {
    this.#parts.send(['cancel', id]);
    ended?.();
  });
  #lastId = 0;
  #closedWith: Error | undefined;

  constructor(parts: BodiesParts) {
    this.#parts = parts;
  }

  /** Bodies of this side that the other one may still ask for. */
  get heldCount(): number {
    return this.#held.size;
  }

  /** Keeps a body for the other side to ask for; nothing of it is touched before that. */
  hold(owner: BodyOwner, length: number | undefined, ended?: () => void): WireBody & object {
    const id = ++this.#lastId;
    this.#held.set(id, { id, owner, ended, parts: undefined, rest: nothing, credit: 0, isPumping: false });
    return { held: id, length };
  }

  /** What stands for a payload on the wire. */
  toWire(payload: BodyPayload | null, ended?: () => void): WireBody {
    if (payload === null) return null;
    if (typeof payload === 'string' && payload.length <= mostInline) return payload;
    if (payload instanceof Uint8Array && payload.byteLength <= mostInline) return exact(payload);
    const source = typeof payload === 'string' ? undefined : untouchedSource(payload);
    if (source instanceof RemoteBody && source.isOf(this)) {
      this.#unread.unregister(source);
      return { yours: source.giveBack() };
    }
    return this.hold({ take: () => payload }, lengthOf(payload), ended);
  }

  /**
   * The other side's body, as it crossed. What flows is read when somebody asks for it.
   *
   * @param ended called once when nothing more of one that flows will come
   * @throws InvalidMessage
   */
  fromWire(wire: unknown, ended?: () => void): string | Uint8Array | RemoteBody | null {
    if (wire === null || typeof wire === 'string' || wire instanceof Uint8Array) return wire;
    if (typeof wire === 'object' && 'held' in wire) return this.#fromHeld(wire, ended);
    throw new InvalidMessage('a body was due');
  }

  /** Whether a body on the wire is one that its sender holds. */
  isHeld(wire: WireBody): boolean {
    return typeof wire === 'object' && wire !== null && 'held' in wire;
  }

  /** Whether a body on the wire is one of this side's own, which comes back. */
  isOwn(wire: unknown): wire is { readonly yours: unknown } {
    return typeof wire === 'object' && wire !== null && 'yours' in wire;
  }

  /** A body of this side comes back unread. @throws InvalidMessage when it was read, or is none of ours */
  reclaim({ yours: id }: { readonly yours: unknown }): BodyOwner {
    const held = this.#held.get(wholeOf(id, this.#lastId));
    if (held === undefined || held.parts !== undefined) throw new InvalidMessage('a body came back that was read');
    this.#held.delete(held.id);
    held.ended?.();
    return held.owner;
  }

  /** Whatever it belonged to is over: nobody may ask for it any more. One that is being sent is broken off. */
  forget(id: number, reason: Error): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    if (held.parts !== undefined) this.#parts.send(['break', id, toWireFailure(reason)]);
    this.#release(held);
  }

  /** A message about a body. @throws InvalidMessage */
  receive(tag: 'pull' | 'cancel' | 'chunk' | 'end' | 'break', id: number, content: unknown): void {
    if (tag === 'pull') return this.#pull(id, wholeOf(content, mostCredit));
    if (tag === 'cancel') return this.#cancel(id);
    const body = this.#remote.get(id);
    // It was cancelled while this was on its way.
    if (body === undefined) return;
    if (tag === 'chunk') return body.push(bytesWithin(content, largestChunk));
    this.#remote.delete(id);
    body.finish(tag === 'break' ? fromWireFailure(content) : undefined);
  }

  /** Somebody reads a body now. */
  open(body: RemoteBody): void {
    this.#unread.unregister(body);
    if (this.#closedWith !== undefined) return body.finish(this.#closedWith);
    this.#remote.set(body.id, body);
  }

  /** Asks the other side for more of a body. */
  pull(body: RemoteBody, bytes: number): void {
    if (this.#remote.has(body.id)) this.#parts.send(['pull', body.id, bytes]);
  }

  /** Nobody on this side wants the rest of a body. */
  cancel(body: RemoteBody): void {
    this.#unread.unregister(body);
    this.#remote.delete(body.id);
    this.#parts.send(['cancel', body.id]);
  }

  /** More came of a body than was asked for. */
  overrun(body: RemoteBody): void {
    this.#remote.delete(body.id);
    this.#parts.send(['cancel', body.id]);
    this.#parts.violated('it sent more of a body than it was asked for');
  }

  /** The channel is closed: whatever is read ends with `error`, whatever is sent ends. */
  close(error: Error): void {
    this.#closedWith = error;
    for (const body of this.#remote.values()) body.finish(error);
    this.#remote.clear();
    for (const held of this.#held.values()) this.#release(held);
  }

  #fromHeld(wire: object, ended: (() => void) | undefined): RemoteBody {
    const { held, length }: { held?: unknown; length?: unknown } = wire;
    const id = wholeOf(held, Number.MAX_SAFE_INTEGER);
    if (this.#remote.has(id)) throw new InvalidMessage('a body was sent twice');
    const known = length === undefined ? undefined : wholeOf(length, Number.MAX_SAFE_INTEGER);
    const body = new RemoteBody(this, id, known, ended);
    this.#unread.register(body, { id, ended }, body);
    return body;
  }

  #pull(id: number, bytes: number): void {
    const held = this.#held.get(id);
    if (held === undefined) {
      this.#parts.send(['break', id, toWireFailure(new Error('the request of this body is over'))]);
      return;
    }
    held.credit = Math.min(held.credit + bytes, mostCredit);
    if (!held.isPumping) void this.#pump(held);
  }

  #cancel(id: number): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    try {
      held.parts ??= partsOf(held.owner.take());
    } catch {
      // Somebody else has it, and ends it.
    }
    this.#release(held);
  }

  #release(held: HeldBody): void {
    if (!this.#held.delete(held.id)) return;
    // What a producer says while it is let go reaches nobody.
    held.parts?.return?.().then(undefined, () => undefined);
    held.ended?.();
  }

  async #pump(held: HeldBody): Promise<void> {
    held.isPumping = true;
    try {
      held.parts ??= partsOf(held.owner.take());
      while (held.credit > 0) {
        if (held.rest.byteLength > 0) {
          this.#sendChunk(held);
          continue;
        }
        const { done, value } = await held.parts.next();
        if (!this.#held.has(held.id)) return;
        if (done === true) return this.#finish(held, ['end', held.id]);
        held.rest = bytesOf(value);
      }
    } catch (error) {
      if (this.#held.has(held.id)) this.#finish(held, ['break', held.id, toWireFailure(error)]);
    } finally {
      held.isPumping = false;
    }
  }

  #sendChunk(held: HeldBody): void {
    // A copy of its own, so that it can move: the part may lie in a pool, or be the author's.
    const chunk = new Uint8Array(held.rest.subarray(0, largestChunk));
    held.rest = held.rest.subarray(largestChunk);
    held.credit -= chunk.byteLength;
    this.sentBytes += chunk.byteLength;
    this.#parts.send(['chunk', held.id, chunk], [chunk.buffer]);
  }

  #finish(held: HeldBody, message: readonly unknown[]): void {
    this.#held.delete(held.id);
    this.#parts.send(message);
    held.ended?.();
  }
}

/** The same bytes in memory of their own: a clone takes the whole memory behind a view along. */
export function exact(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}

function lengthOf(payload: BodyPayload): number | undefined {
  if (typeof payload === 'string') return Buffer.byteLength(payload);
  if (payload instanceof Uint8Array) return payload.byteLength;
  if (isBlob(payload)) return payload.size;
  return untouchedSource(payload)?.length;
}

function partsOf(payload: BodyPayload | null): AsyncIterator<unknown> {
  if (payload === null) return partsOfList([]);
  if (typeof payload === 'string' || payload instanceof Uint8Array) return partsOfList([payload]);
  const source: BodySource | undefined = untouchedSource(payload);
  if (source !== undefined) return source.chunks()[Symbol.asyncIterator]();
  if (isBlob(payload)) return payload.stream()[Symbol.asyncIterator]();
  return isSource(payload) ? payload.chunks()[Symbol.asyncIterator]() : payload[Symbol.asyncIterator]();
}

async function* partsOfList(parts: readonly (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  yield* parts;
}
