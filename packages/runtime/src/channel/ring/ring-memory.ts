// Where everything lies in the memory that a host and its thread share: the counters of both first, each on a cache
// line of its own, then the slots of both directions.

/** Messages that one direction holds; a power of two, so that counters may run over. */
export const ringCapacity = 256;
/** Bytes of a slot: its head, then one message. */
export const slotBytes = 256;
export const slotHeadBytes = 8;

const wordsPerLine = 16;
const lines = 8;
const controlBytes = lines * wordsPerLine * 4;

/** Words of the control block. What the host reads of the guest's words is the guest's claim, no more. */
export const controlWords = {
  toGuestTail: 0,
  toGuestHead: wordsPerLine,
  toHostTail: 2 * wordsPerLine,
  toHostHead: 3 * wordsPerLine,
  /** 1 while the guest reads its ring, or has been told to. */
  guestAwake: 4 * wordsPerLine,
  hostAwake: 5 * wordsPerLine,
  /** How often the guest's event loop came to the transport. */
  guestBeats: 6 * wordsPerLine,
  /** How many messages the guest has sent by its port. */
  guestPortSent: 7 * wordsPerLine,
} as const;

/** One direction of a ring, as both ends see it. */
export interface RingLane {
  readonly control: Int32Array;
  readonly tailAt: number;
  readonly headAt: number;
  readonly slots: Uint8Array;
}

/** Memory for one thread; it stays untouched, and costs nothing, until two calls are under way at once. */
export function createRingMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(controlBytes + 2 * ringCapacity * slotBytes);
}

/** @throws Error when the memory is not of `createRingMemory` */
export function laneOf(memory: SharedArrayBuffer, direction: 'toGuest' | 'toHost'): RingLane {
  const size = ringCapacity * slotBytes;
  if (memory.byteLength !== controlBytes + 2 * size) throw new Error('this memory is no ring');
  return {
    control: controlOf(memory),
    tailAt: controlWords[`${direction}Tail`],
    headAt: controlWords[`${direction}Head`],
    slots: new Uint8Array(memory, controlBytes + (direction === 'toGuest' ? 0 : size), size),
  };
}

export function controlOf(memory: SharedArrayBuffer): Int32Array {
  return new Int32Array(memory, 0, controlBytes / 4);
}
