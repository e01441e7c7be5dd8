import { RingBroken, RingDecoder, RingEncoder } from './ring-encoding.ts';
import { ringCapacity, type RingLane, slotBytes, slotHeadBytes } from './ring-memory.ts';

/** The writing end of one lane. There is exactly one, on one thread. */
export class RingWriter {
  readonly #lane: RingLane;
  readonly #encoder: RingEncoder;
  #tail: number;

  constructor(lane: RingLane) {
    this.#lane = lane;
    this.#encoder = new RingEncoder(lane.slots);
    this.#tail = Atomics.load(lane.control, lane.tailAt);
  }

  /** Whether everything written has been taken. */
  get isEmpty(): boolean {
    return Atomics.load(this.#lane.control, this.#lane.headAt) === this.#tail;
  }

  /**
   * @param portsBefore how many messages went by the port before this one
   * @returns false when the lane is full or the message is not for slots
   */
  write(message: unknown, portsBefore: number): boolean {
    const { control, headAt, tailAt, slots } = this.#lane;
    // Of what the other side writes here only the room left is taken, and that within what there is.
    const held = (this.#tail - Atomics.load(control, headAt)) | 0;
    if (held < 0 || held >= ringCapacity) return false;
    const start = (this.#tail & (ringCapacity - 1)) * slotBytes;
    const length = this.#encoder.write(message, start + slotHeadBytes, start + slotBytes);
    if (length === 0) return false;
    slots[start] = length;
    slots[start + 4] = portsBefore;
    slots[start + 5] = portsBefore >> 8;
    slots[start + 6] = portsBefore >> 16;
    slots[start + 7] = portsBefore >> 24;
    this.#tail = (this.#tail + 1) | 0;
    Atomics.store(control, tailAt, this.#tail);
    return true;
  }
}

/** The reading end of one lane. It believes nothing that it reads. */
export class RingReader {
  readonly #lane: RingLane;
  readonly #decoder: RingDecoder;
  #head: number;
  /** As far as the other side had written when it was last asked. */
  #tail: number;

  constructor(lane: RingLane) {
    this.#lane = lane;
    this.#decoder = new RingDecoder(lane.slots);
    // Read once, before there is a guest; later it is what the guest says.
    this.#head = Atomics.load(lane.control, lane.headAt);
    this.#tail = this.#head;
  }

  /**
   * What lies at its place: a message, nothing, or one that was sent after others that are still on their way by the port.
   *
   * @throws RingBroken when an index is impossible
   */
  look(portsReceived: number): 'message' | 'early' | 'empty' {
    const { control, tailAt, slots } = this.#lane;
    if (this.#head === this.#tail) {
      const tail = Atomics.load(control, tailAt);
      const held = (tail - this.#head) | 0;
      if (held === 0) return 'empty';
      if (held < 0 || held > ringCapacity)
        throw new RingBroken(`it says that ${held} of ${ringCapacity} slots are full`);
      this.#tail = tail;
    }
    return ((readInt32(slots, this.#start + 4) - portsReceived) | 0) > 0 ? 'early' : 'message';
  }

  /**
   * Takes the message that `look` has found.
   *
   * @throws RingBroken when a length or the message itself is impossible
   */
  take(): unknown {
    const { control, headAt, slots } = this.#lane;
    const start = this.#start;
    const length = slots[start] ?? 0;
    if (length === 0 || length > slotBytes - slotHeadBytes) throw new RingBroken(`a slot has a length of ${length}`);
    const message = this.#decoder.read(start + slotHeadBytes, length);
    this.#head = (this.#head + 1) | 0;
    Atomics.store(control, headAt, this.#head);
    return message;
  }

  get #start(): number {
    return (this.#head & (ringCapacity - 1)) * slotBytes;
  }
}

function readInt32(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
  return a | (b << 8) | (c << 16) | (d << 24);
}
