import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { FrameEncoder } from './frame-encoder.ts';
import type { FrameBounds } from './frame-format.ts';

/** A part of a body on its way: its frame, and the bytes at the end of it, which were not copied. */
interface BulkFrame {
  readonly head: Buffer;
  readonly tail: Uint8Array | undefined;
}

/** Shorter ones are copied: a second piece of a write costs more. */
const shortestTail = 4_096;
/** So much of the bodies is handed to the system at once; what is said meanwhile goes before the rest. */
const mostBulkAtOnce = 262_144;

/**
 * Writes frames to a stream, all of one turn in one write. What is said goes before the bodies that flow, as soon as the
 * other side does not read as fast as this one writes.
 */
export class FrameWriter {
  readonly #channel: Duplex;
  readonly #bounds: FrameBounds;
  readonly #encoder: FrameEncoder;
  /** Sent by a getter inside of a message that was just being encoded. */
  readonly #nested: Buffer[] = [];
  #bulk: BulkFrame[] = [];
  #bulkAt = 0;
  #bulkBytes = 0;
  #isEncoding = false;
  #isFlushDue = false;
  #isHeld = false;

  constructor(channel: Duplex, bounds: FrameBounds) {
    this.#channel = channel;
    this.#bounds = bounds;
    this.#encoder = new FrameEncoder(bounds);
    channel.on('drain', this.#flush);
  }

  /** Bytes that the system has not taken. */
  get unwrittenBytes(): number {
    return this.#encoder.length + this.#bulkBytes + this.#channel.writableLength;
  }

  /** Throws what a port would throw for a message that cannot be cloned. */
  write(message: unknown, transfer: readonly ArrayBuffer[] | undefined): void {
    if (this.#isEncoding) this.#writeNested(message);
    else if (isBulk(message)) this.#writeBulk(message, tailOf(message, transfer));
    else this.#encode(message, undefined);
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    if (this.#isHeld) return;
    // After everything that is ready to run: what it sends goes along.
    process.nextTick(this.#flushDue);
  }

  /** What is written from now on waits for `release`. */
  hold(): void {
    this.#isHeld = !this.#isFlushDue;
  }

  /** Writes what was answered at once to everything that came at once. */
  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    if (this.#isFlushDue) this.#flushDue();
  }

  /** Hands everything to the stream now, which will end then. */
  end(): void {
    this.#writeUrgent();
    while (this.#bulkAt < this.#bulk.length) this.#writeSomeBulk();
    this.#channel.end();
  }

  /** Nobody will read it. */
  drop(): void {
    this.#encoder.take(0, false);
    this.#encoder.giveAway();
    this.#bulk = [];
    this.#bulkAt = 0;
    this.#bulkBytes = 0;
  }

  #encode(message: unknown, tail: Uint8Array | undefined): boolean {
    this.#isEncoding = true;
    try {
      return this.#encoder.write(message, tail);
    } finally {
      this.#isEncoding = false;
      for (const frame of this.#nested.splice(0)) this.#encoder.append(frame);
    }
  }

  #writeNested(message: unknown): void {
    const encoder = new FrameEncoder(this.#bounds);
    encoder.write(message);
    this.#nested.push(encoder.take(0, true));
  }

  #writeBulk(message: unknown, tail: Uint8Array | undefined): void {
    const start = this.#encoder.length;
    const isTailLeft = this.#encode(message, tail);
    const frame = { head: this.#encoder.take(start, true), tail: isTailLeft ? tail : undefined };
    this.#bulk.push(frame);
    this.#bulkBytes += bytesIn(frame);
  }

  readonly #flushDue = (): void => {
    this.#isFlushDue = false;
    this.#flush();
  };

  readonly #flush = (): void => {
    if (this.#channel.writableNeedDrain) return;
    if (this.#bulkAt === this.#bulk.length) return this.#writeUrgent();
    this.#channel.cork();
    this.#writeUrgent();
    this.#writeSomeBulk();
    this.#channel.uncork();
    if (this.#bulkAt < this.#bulk.length && !this.#channel.writableNeedDrain) process.nextTick(this.#flush);
  };

  #writeUrgent(): void {
    if (this.#encoder.length === 0) return;
    this.#channel.write(this.#encoder.take(0, false));
    // A socket that has taken all of it at once holds nothing of it any more.
    if (this.#channel instanceof Socket && this.#channel.writableLength === 0) this.#encoder.reuse();
    else this.#encoder.giveAway();
  }

  #writeSomeBulk(): void {
    for (let bytes = 0; bytes < mostBulkAtOnce;) {
      const frame = this.#bulk[this.#bulkAt];
      if (frame === undefined) break;
      this.#bulkAt++;
      bytes += bytesIn(frame);
      this.#channel.write(frame.head);
      if (frame.tail !== undefined) this.#channel.write(frame.tail);
    }
    const written = this.#bulk.splice(0, this.#bulkAt);
    this.#bulkAt = 0;
    for (const frame of written) this.#bulkBytes -= bytesIn(frame);
  }
}

function bytesIn({ head, tail }: BulkFrame): number {
  return head.length + (tail?.byteLength ?? 0);
}

/** Parts of a body keep their order among themselves; everything else may go before them. */
function isBulk(message: unknown): message is readonly unknown[] {
  if (!Array.isArray(message)) return false;
  const [first, second]: readonly unknown[] = message;
  // A message of a lane of its own has the number of that in front.
  const tag: unknown = typeof first === 'number' && Array.isArray(second) ? second[0] : first;
  return tag === 'chunk' || tag === 'end' || tag === 'break';
}

/** The bytes at the end of a message, if they are the transport's to keep. */
function tailOf(message: readonly unknown[], transfer: readonly ArrayBuffer[] | undefined): Uint8Array | undefined {
  if (transfer === undefined) return undefined;
  const last = message.at(-1);
  const tail: unknown = Array.isArray(last) ? last.at(-1) : last;
  const isOurs =
    tail instanceof Uint8Array && tail.byteLength >= shortestTail && transfer.some((one) => one === tail.buffer);
  return isOurs ? tail : undefined;
}
