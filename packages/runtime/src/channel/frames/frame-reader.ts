import { FrameBroken, type FrameDecoder, memoryOf } from './frame-decoder.ts';
import { type FrameBounds, headerBytes, mostBytesBeforeTail, tailFollows } from './frame-format.ts';

/** The room that the beginning of a frame is given before more of it has come. */
const firstRoom = 262_144;
const empty = Buffer.alloc(0);

/** Finds frames in a stream of bytes, however it is cut, and reads them one by one. */
export class FrameReader {
  readonly #decoder: FrameDecoder;
  readonly #bounds: FrameBounds;
  /** What came last and is not read. */
  #chunk: Buffer = empty;
  #at = 0;
  /** A frame of which only a part has come, and how much of it. */
  #frame: Buffer | undefined;
  #have = 0;
  readonly #header: Buffer = Buffer.alloc(headerBytes);
  #headerHave = 0;
  #length = 0;
  /** What stands before the tail that is read now. */
  #beforeTail: Buffer | undefined;
  #hasTail = false;

  constructor(decoder: FrameDecoder, bounds: FrameBounds) {
    this.#decoder = decoder;
    this.#bounds = bounds;
  }

  /** Takes bytes in, after all that came before has been read. */
  push(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#at = 0;
  }

  /** Finds the next frame, which `take` reads. @throws FrameBroken */
  advance(): boolean {
    while (this.#find()) {
      if (!this.#hasTail) return true;
      this.#beforeTail = Buffer.from(this.#content());
      this.#hasTail = false;
    }
    return false;
  }

  /** The value of the frame that `advance` found. It is passed also when it cannot be read. @throws FrameBroken */
  take(): unknown {
    const before = this.#beforeTail;
    if (before !== undefined) {
      this.#beforeTail = undefined;
      return this.#decoder.read(before, 0, before.length, this.#ownContent());
    }
    const content = this.#frame;
    if (content !== undefined) {
      this.#frame = undefined;
      return this.#decoder.read(content, 0, this.#length);
    }
    const start = this.#at + headerBytes;
    this.#at = start + this.#length;
    return this.#decoder.read(this.#chunk, start, this.#at);
  }

  /** The bytes of the frame that was found, which is passed. */
  #content(): Buffer {
    const content = this.#frame;
    if (content !== undefined) {
      this.#frame = undefined;
      return content;
    }
    const start = this.#at + headerBytes;
    this.#at = start + this.#length;
    return this.#chunk.subarray(start, this.#at);
  }

  /** The same in memory of their own, as they may be kept. */
  #ownContent(): Uint8Array {
    const isOwn = this.#frame !== undefined;
    const content = this.#content();
    return isOwn ? new Uint8Array(content.buffer, 0, content.length) : new Uint8Array(memoryOf(content));
  }

  #find(): boolean {
    if (this.#frame !== undefined || this.#headerHave > 0) return this.#complete();
    const left = this.#chunk.length - this.#at;
    if (left < headerBytes) return this.#keepHeader();
    const length = this.#lengthIn(this.#chunk.readUInt32LE(this.#at));
    if (left < headerBytes + length) {
      this.#at += headerBytes;
      return this.#keepFrame(length);
    }
    this.#length = length;
    return true;
  }

  #lengthIn(header: number): number {
    const hasTail = header >= tailFollows;
    const length = hasTail ? header - tailFollows : header;
    const most = hasTail ? mostBytesBeforeTail : this.#bounds.mostBytes;
    if (length > most) throw new FrameBroken(`a frame of ${length} bytes was announced`);
    if (hasTail && this.#beforeTail !== undefined) throw new FrameBroken('a tail has a tail');
    this.#hasTail = hasTail;
    return length;
  }

  /** @returns false: nothing is complete */
  #keepHeader(): boolean {
    this.#headerHave = this.#chunk.copy(this.#header, 0, this.#at);
    this.#release();
    return false;
  }

  #keepFrame(length: number): boolean {
    this.#length = length;
    this.#have = 0;
    // Who announces much and sends little is given little.
    this.#frame = Buffer.allocUnsafeSlow(Math.min(length, Math.max(firstRoom, this.#chunk.length - this.#at)));
    return this.#fill(this.#frame);
  }

  #complete(): boolean {
    if (this.#frame !== undefined) return this.#fill(this.#frame);
    const missing = headerBytes - this.#headerHave;
    const taken = this.#chunk.copy(this.#header, this.#headerHave, this.#at, this.#at + missing);
    this.#headerHave += taken;
    this.#at += taken;
    if (taken < missing) {
      this.#release();
      return false;
    }
    this.#headerHave = 0;
    return this.#keepFrame(this.#lengthIn(this.#header.readUInt32LE()));
  }

  #fill(before: Buffer): boolean {
    const wanted = Math.min(this.#length - this.#have, this.#chunk.length - this.#at);
    let frame = before;
    if (this.#have + wanted > frame.length) {
      frame = Buffer.allocUnsafeSlow(Math.min(this.#length, Math.max(2 * frame.length, this.#have + wanted)));
      frame.set(before.subarray(0, this.#have));
      this.#frame = frame;
    }
    this.#chunk.copy(frame, this.#have, this.#at, this.#at + wanted);
    this.#have += wanted;
    this.#at += wanted;
    if (this.#have === this.#length) return true;
    this.#release();
    return false;
  }

  #release(): void {
    this.#chunk = empty;
    this.#at = 0;
  }
}
