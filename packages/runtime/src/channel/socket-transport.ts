import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { messageOf } from '@hotswap/protocol';
import { FrameDecoder } from './frames/frame-decoder.ts';
import { type FrameBounds, frameBounds } from './frames/frame-format.ts';
import { FrameReader } from './frames/frame-reader.ts';
import { FrameWriter } from './frames/frame-writer.ts';
import type { Transport } from './transport.ts';

export interface SocketTransportParts {
  /**
   * A stream of bytes both ways, of which nothing has been read, or the descriptor of a socket, which costs less to read.
   * It belongs to the transport from now on.
   */
  readonly channel: Duplex | number;
  /** What the other side sent is no frame. Nothing more is read from it; told once. */
  readonly onBroken: (problem: string) => void;
  /** What one message may be, either way; the other side has the same. Default: 64 MB, two million values. */
  readonly bounds?: FrameBounds;
}

/** So many messages, or bytes of them, are read without a turn of the event loop: a flood holds nobody up. */
const mostFramesInOneTurn = 256;
const mostBytesInOneTurn = 4_194_304;
const readBytes = 65_536;

/**
 * Messages between two processes, as frames over a socket. While this side is held up by what came, the socket is not
 * read, so that whoever floods it is held up by the system.
 */
export class SocketTransport implements Transport {
  onMessage: ((message: unknown) => void) | undefined;
  onClose: (() => void) | undefined;
  readonly #channel: Duplex;
  readonly #onBroken: (problem: string) => void;
  readonly #reader: FrameReader;
  readonly #writer: FrameWriter;
  #framesInTurn = 0;
  #bytesInTurn = 0;
  #isReadingLater = false;
  #isBroken = false;
  #isClosing = false;
  /** Nothing more will come; what has come may wait to be read. */
  #hasEnded = false;
  #isClosed = false;

  constructor({ channel, onBroken, bounds = frameBounds }: SocketTransportParts) {
    this.#channel = typeof channel === 'number' ? this.#openDescriptor(channel) : channel;
    this.#onBroken = onBroken;
    this.#reader = new FrameReader(new FrameDecoder(bounds), bounds);
    this.#writer = new FrameWriter(this.#channel, bounds);
    if (typeof channel !== 'number') channel.on('data', this.#onData);
    // A stream that fails is closed next.
    this.#channel.on('error', () => {});
    this.#channel.once('end', () => this.#channel.destroy());
    this.#channel.once('close', () => this.#ended());
  }

  /** Bytes that were sent and that the other side has not let the system take. */
  get unwrittenBytes(): number {
    return this.#writer.unwrittenBytes;
  }

  /** Whether it keeps this process alive; it does at first. */
  keepAlive(isWanted: boolean): void {
    if (!(this.#channel instanceof Socket)) return;
    if (isWanted) this.#channel.ref();
    else this.#channel.unref();
  }

  send(message: unknown, transfer?: readonly ArrayBuffer[]): void {
    if (this.#isClosing || this.#hasEnded) return;
    this.#writer.write(message, transfer);
  }

  /** What was sent before still goes out, as long as the other side reads. */
  close(): void {
    if (this.#isClosing || this.#hasEnded) return;
    this.#isClosing = true;
    this.#channel.once('finish', () => this.#channel.destroy());
    this.#writer.end();
    // Nobody listens any more, and the end of the other side must be seen.
    this.#channel.resume();
  }

  /** What comes is read into the same memory each time: nothing of it is kept beyond `#onData`, or the socket waits. */
  #openDescriptor(fd: number): Socket {
    const callback = (bytes: number, buffer: Uint8Array): boolean => {
      this.#onData(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
      return !this.#isReadingLater && !this.#isBroken;
    };
    return new Socket({ fd, onread: { buffer: Buffer.allocUnsafeSlow(readBytes), callback } }).resume();
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#isBroken || this.#isClosing) return;
    this.#reader.push(chunk);
    this.#bytesInTurn += chunk.length;
    this.#read();
  };

  #read(): void {
    let hasReadAll = false;
    this.#writer.hold();
    try {
      while (this.#framesInTurn < mostFramesInOneTurn && this.#bytesInTurn < mostBytesInOneTurn) {
        if (!this.#advance()) {
          hasReadAll = true;
          return;
        }
        this.#framesInTurn++;
        this.#deliverNext();
      }
    } finally {
      this.#writer.release();
      if (!hasReadAll) this.#readLater();
    }
  }

  #advance(): boolean {
    if (this.#isBroken || this.#isClosing) return false;
    try {
      return this.#reader.advance();
    } catch (error) {
      return this.#break(error);
    }
  }

  #deliverNext(): void {
    let message: unknown;
    try {
      message = this.#reader.take();
    } catch (error) {
      this.#break(error);
      return;
    }
    this.onMessage?.(message);
  }

  /** Also after a listener threw: what came behind that message is not lost. */
  #readLater(): void {
    if (this.#isReadingLater) return;
    this.#isReadingLater = true;
    this.#channel.pause();
    setImmediate(this.#readOn);
  }

  readonly #readOn = (): void => {
    this.#isReadingLater = false;
    this.#framesInTurn = 0;
    this.#bytesInTurn = 0;
    this.#read();
    if (this.#isReadingLater) return;
    if (this.#hasEnded) this.#close();
    else if (!this.#isBroken) this.#channel.resume();
  };

  #break(error: unknown): false {
    this.#isBroken = true;
    this.#channel.pause();
    this.#onBroken(messageOf(error));
    return false;
  }

  #ended(): void {
    this.#hasEnded = true;
    this.#writer.drop();
    if (!this.#isReadingLater) this.#close();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.onClose?.();
  }
}
