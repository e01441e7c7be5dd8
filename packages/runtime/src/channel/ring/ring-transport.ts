import type { MessagePort } from 'node:worker_threads';
import { messageOf } from '@hotswap/protocol';
import { controlOf, controlWords, laneOf } from './ring-memory.ts';
import { RingReader, RingWriter } from './ring.ts';
import type { Transport } from '../transport.ts';

/** One end of the link between a host and a thread. */
export interface RingTransportParts {
  readonly port: MessagePort;
  /** Of `createRingMemory`; the other end has the same. */
  readonly memory: SharedArrayBuffer;
  readonly side: 'host' | 'guest';
  /** What the other side wrote is impossible. Nothing more is read from it. */
  readonly onBroken?: (problem: string) => void;
}

/** A message that a port would deliver like our own doorbell is sent inside of one of these. */
interface Wrapped {
  readonly 'hotswap:value': unknown;
}

/** Says: look into the ring; and asks for a sign of life. Never a message, as those are objects. */
const doorbell = 0;
/** So many messages are read in one turn of the event loop: whoever writes without end holds nobody up. */
const mostInOneTurn = 256;
/** So many turns in which at most one message came, and it sleeps. */
const mostIdleTurns = 4;

/**
 * Messages between two threads, in order. A message on its own goes by the port, which is the quickest then. As soon as
 * there are more, small ones go through shared memory, and a doorbell wakes the other side up if it does not read already.
 *
 * Order: a slot says how many port messages were sent before it, and is not read before they have arrived; a port
 * message is delivered after the slots that say a smaller number.
 */
export class RingTransport implements Transport {
  onMessage: ((message: unknown) => void) | undefined;
  onClose: (() => void) | undefined;
  /** Every message that came, by either way. */
  received = 0;
  /** Every message that went, by either way. */
  sent = 0;
  readonly #port: MessagePort;
  readonly #control: Int32Array;
  readonly #reader: RingReader;
  readonly #writer: RingWriter;
  readonly #ownAwakeAt: number;
  readonly #otherAwakeAt: number;
  readonly #isGuest: boolean;
  readonly #onBroken: RingTransportParts['onBroken'];
  #isClosed = false;
  #isBroken = false;
  #portSent = 0;
  #portReceived = 0;
  #idleTurns = 0;
  #isLingering = false;
  /** Messages sent since something came, and before that; messages that came at once. They tell one call from many. */
  #sent = 0;
  #sentBefore = 0;
  #cameAtOnce = 0;

  constructor({ port, memory, side, onBroken }: RingTransportParts) {
    this.#isGuest = side === 'guest';
    this.#port = port;
    this.#control = controlOf(memory);
    this.#reader = new RingReader(laneOf(memory, this.#isGuest ? 'toGuest' : 'toHost'));
    this.#writer = new RingWriter(laneOf(memory, this.#isGuest ? 'toHost' : 'toGuest'));
    this.#ownAwakeAt = this.#isGuest ? controlWords.guestAwake : controlWords.hostAwake;
    this.#otherAwakeAt = this.#isGuest ? controlWords.hostAwake : controlWords.guestAwake;
    this.#onBroken = onBroken;
    port.on('message', this.#onPortMessage);
    port.on('messageerror', (error: unknown) => this.#break(error));
    port.once('close', () => this.#onPortClose());
  }

  /** Whether it keeps this thread's event loop alive; it does at first. */
  keepAlive(isWanted: boolean): void {
    if (isWanted) this.#port.ref();
    else this.#port.unref();
  }

  /** How often the guest's event loop has come by here. The host asks for one more with `ring`. */
  get guestBeats(): number {
    return Atomics.load(this.#control, controlWords.guestBeats);
  }

  /** Messages that the guest says it has sent by its port, and that have not come up here yet. */
  get backlog(): number {
    return (Atomics.load(this.#control, controlWords.guestPortSent) - this.#portReceived) | 0;
  }

  send(message: unknown, transfer?: readonly ArrayBuffer[]): void {
    if (this.#isClosed) return;
    this.sent++;
    this.#sent++;
    // One who is reading the ring needs no bell.
    const isOneOfMany =
      this.#sent > 1 ||
      this.#sentBefore > 1 ||
      this.#cameAtOnce > 1 ||
      Atomics.load(this.#control, this.#otherAwakeAt) !== 0;
    if (isOneOfMany && transfer === undefined && this.#writer.write(message, this.#portSent)) {
      this.#wake();
      return;
    }
    this.#sendByPort(message, transfer);
  }

  /** Wakes the other side up, whether or not there is something to read. */
  ring(): void {
    if (!this.#isClosed) this.#port.postMessage(doorbell);
  }

  close(): void {
    this.#isClosed = true;
    this.#port.close();
  }

  #sendByPort(message: unknown, transfer: readonly ArrayBuffer[] | undefined): void {
    const sent: unknown = needsWrapping(message) ? ({ 'hotswap:value': message } satisfies Wrapped) : message;
    // A message that cannot be cloned throws here, before it is counted.
    if (transfer === undefined) this.#port.postMessage(sent);
    else this.#port.postMessage(sent, [...transfer]);
    this.#portSent = (this.#portSent + 1) | 0;
    if (this.#isGuest) Atomics.store(this.#control, controlWords.guestPortSent, this.#portSent);
  }

  /**
   * The bell rings for the first of many: the other side wakes up while the others are written, and sleeps no more
   * before it has found nothing for a while.
   */
  #wake(): void {
    if (Atomics.load(this.#control, this.#otherAwakeAt) !== 0) return;
    if (Atomics.compareExchange(this.#control, this.#otherAwakeAt, 0, 1) === 0) this.#port.postMessage(doorbell);
  }

  readonly #onPortMessage = (message: unknown): void => {
    if (this.#isGuest) Atomics.add(this.#control, controlWords.guestBeats, 1);
    if (this.#isBroken) return;
    if (message === doorbell) return this.#drain();
    this.#drainBefore();
    this.#portReceived = (this.#portReceived + 1) | 0;
    this.#came(1);
    this.#deliver(isWrapped(message) ? message['hotswap:value'] : message);
    if (this.#look() === 'message') this.#drain();
  };

  /** Delivers what was written before the port message that has just come. */
  #drainBefore(): void {
    while (this.#look() === 'message') this.#deliverNext();
  }

  readonly #drain = (): void => {
    if (this.#isLingering) return;
    this.#readOn();
  };

  /** Reads until there is nothing, then looks again for some turns before it goes to sleep: a bell costs more. */
  readonly #readOn = (): void => {
    this.#isLingering = true;
    let count = 0;
    let isOver = false;
    try {
      Atomics.store(this.#control, this.#ownAwakeAt, 1);
      for (; count < mostInOneTurn && this.#look() === 'message'; count++) this.#deliverNext();
      this.#idleTurns = count > 1 ? 0 : this.#idleTurns + 1;
      isOver = this.#idleTurns >= mostIdleTurns && this.#isAsleep();
    } finally {
      if (count > 0) this.#came(count);
      if (isOver) this.#isLingering = false;
      else setImmediate(this.#readOn);
    }
  };

  /** What was written between the last look and going to sleep was written to one who seemed awake. */
  #isAsleep(): boolean {
    Atomics.store(this.#control, this.#ownAwakeAt, 0);
    return this.#look() !== 'message';
  }

  #look(): 'message' | 'early' | 'empty' | 'broken' {
    if (this.#isBroken) return 'broken';
    try {
      return this.#reader.look(this.#portReceived);
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
    this.#deliver(message);
  }

  #deliver(message: unknown): void {
    this.received++;
    this.onMessage?.(message);
  }

  #came(count: number): void {
    this.#cameAtOnce = count;
    this.#sentBefore = this.#sent;
    this.#sent = 0;
  }

  #break(error: unknown): 'broken' {
    this.#isBroken = true;
    this.#onBroken?.(messageOf(error));
    return 'broken';
  }

  #onPortClose(): void {
    this.#drainBefore();
    this.#isClosed = true;
    this.onClose?.();
  }
}

function needsWrapping(message: unknown): boolean {
  return typeof message !== 'object' || message === null || 'hotswap:value' in message;
}

function isWrapped(message: unknown): message is Wrapped {
  return typeof message === 'object' && message !== null && 'hotswap:value' in message;
}
