import type { Transport } from '../transport.ts';

/** The lane of the two sides themselves: what is said there is about the process, and no guest hears it. */
const controlLane = 0;
/** Messages of this lane need no number around them: most processes have no other. */
export const firstLane = 1;

/**
 * Several conversations over one transport, each a transport of its own. A message of any lane but the first is a list of
 * the lane's number and what was sent; those of the first have no number in front, for a message begins with its tag.
 */
export class Lanes {
  /** Messages that were sent and that came, on every lane. */
  sent = 0;
  received = 0;
  /** Something was said on the lane of the two sides. */
  onControl: ((message: unknown) => void) | undefined;
  /** A message came for a lane that is not open. Opening it here hands the message to it. */
  onUnknown: ((lane: number) => void) | undefined;
  /** Nothing more will come, on any lane. What a lane tells of its end is up to whoever knows why. */
  onClose: (() => void) | undefined;
  /** The first message since `isQuiet` was set. */
  onTraffic: (() => void) | undefined;
  isQuiet = false;
  readonly #transport: Transport;
  readonly #open = new Map<number, Lane>();
  /** The lane whose number stands before no message: looked up for each of them. */
  #first: Lane | undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
    transport.onMessage = (message) => this.#receive(message);
    transport.onClose = () => this.onClose?.();
  }

  open(number: number): Transport {
    const lane = new Lane(this, number);
    this.#open.set(number, lane);
    if (number === firstLane) this.#first = lane;
    return lane;
  }

  /** Closes a lane; what comes for it from now on is for nobody. */
  drop(number: number): void {
    this.#open.delete(number);
    if (number === firstLane) this.#first = undefined;
  }

  /** Says something to the other side itself. */
  tell(message: unknown): void {
    this.send(controlLane, message);
  }

  /** Called by the lanes. */
  send(lane: number, message: unknown, transfer?: readonly ArrayBuffer[]): void {
    this.sent++;
    this.#note();
    this.#transport.send(lane === firstLane ? message : [lane, message], transfer);
  }

  close(): void {
    this.#transport.close();
  }

  #receive(message: unknown): void {
    this.received++;
    this.#note();
    if (!Array.isArray(message) || typeof message[0] !== 'number') return this.#deliver(firstLane, message);
    const [lane, content]: readonly unknown[] = message;
    if (lane === controlLane) this.onControl?.(content);
    else this.#deliver(lane, content);
  }

  #deliver(number: number, message: unknown): void {
    const lane = number === firstLane ? this.#first : this.#open.get(number);
    if (lane !== undefined) return lane.onMessage?.(message);
    this.onUnknown?.(number);
    this.#open.get(number)?.onMessage?.(message);
  }

  #note(): void {
    if (!this.isQuiet) return;
    this.isQuiet = false;
    this.onTraffic?.();
  }
}

/** One conversation among several. */
class Lane implements Transport {
  onMessage: Transport['onMessage'];
  onClose: Transport['onClose'];
  readonly #lanes: Lanes;
  readonly #number: number;
  #isClosed = false;

  constructor(lanes: Lanes, number: number) {
    this.#lanes = lanes;
    this.#number = number;
  }

  send(message: unknown, transfer?: readonly ArrayBuffer[]): void {
    if (!this.#isClosed) this.#lanes.send(this.#number, message, transfer);
  }

  close(): void {
    this.#isClosed = true;
    this.#lanes.drop(this.#number);
  }
}
