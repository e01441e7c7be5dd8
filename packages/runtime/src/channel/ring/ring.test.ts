import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RingBroken } from './ring-encoding.ts';
import { createRingMemory, laneOf, ringCapacity, slotBytes } from './ring-memory.ts';
import { RingReader, RingWriter } from './ring.ts';

function lane() {
  const memory = laneOf(createRingMemory(), 'toHost');
  return { memory, writer: new RingWriter(memory), reader: new RingReader(memory) };
}

test('messages come out as they went in, over many turns of the ring', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: ringCapacity }), { maxLength: 30 }), (bursts) => {
      const { writer, reader } = lane();
      const sent: unknown[] = [];
      const read: unknown[] = [];
      for (const [index, size] of bursts.entries()) {
        for (let step = 0; step < size; step++) {
          const message = { step, index };
          if (writer.write(message, 0)) sent.push(message);
        }
        // Some stay behind, so that a burst begins anywhere.
        const leave = index % 7;
        while (read.length < sent.length - leave && reader.look(0) === 'message') read.push(reader.take());
      }
      while (reader.look(0) === 'message') read.push(reader.take());
      expect(read).toStrictEqual(sent);
      expect(writer.isEmpty).toBe(true);
    }),
    { numRuns: 30 },
  );
});

test('a full ring takes nothing more until something was read', () => {
  const { writer, reader } = lane();
  for (let index = 0; index < ringCapacity; index++) expect(writer.write(index, 0)).toBe(true);
  expect(writer.write('one more', 0)).toBe(false);
  reader.take();
  expect(writer.write('one more', 0)).toBe(true);
});

test('counters run over without a gap', () => {
  const memory = laneOf(createRingMemory(), 'toHost');
  // As far as a ring gets after two thousand million messages.
  const almost = 2_147_483_647 - 100;
  memory.control[memory.tailAt] = almost;
  memory.control[memory.headAt] = almost;
  const [writer, reader] = [new RingWriter(memory), new RingReader(memory)];
  for (let index = 0; index < 1_000; index++) {
    expect(writer.write(index, almost + index)).toBe(true);
    expect(reader.look((almost + index) | 0)).toBe('message');
    expect(reader.take()).toBe(index);
  }
  expect(memory.control[memory.tailAt]).toBeLessThan(0);
});

test('what was sent after a message by the port waits for it', () => {
  const { writer, reader } = lane();
  writer.write('first', 0);
  writer.write('third', 1);
  expect(reader.look(0)).toBe('message');
  expect(reader.take()).toBe('first');
  expect(reader.look(0)).toBe('early');
  expect(reader.look(1)).toBe('message');
  expect(reader.take()).toBe('third');
  expect(reader.look(1)).toBe('empty');
});

test.each([-1, ringCapacity + 1, 2_147_483_647, -2_147_483_648])('an end that lies %i ahead is impossible', (tail) => {
  const { memory, reader } = lane();
  memory.control[memory.tailAt] = tail;
  expect(() => reader.look(0)).toThrow(RingBroken);
});

test.each([0, slotBytes, 255])('a slot of %i bytes is impossible', (length) => {
  const { memory, writer, reader } = lane();
  writer.write('fine', 0);
  memory.slots[0] = length;
  expect(reader.look(0)).toBe('message');
  expect(() => reader.take()).toThrow(RingBroken);
});

test.each([5, -5, ringCapacity + 7])('a writer believes no start that is %i away from what it wrote', (head) => {
  const { memory, writer } = lane();
  for (let index = 0; index < 3; index++) writer.write(index, 0);
  memory.control[memory.headAt] = 3 + head;
  const isRoom = head < 0 && -head < ringCapacity;
  expect(writer.write('next', 0)).toBe(isRoom);
});

test('whatever a guest writes over the shared memory, the host reads messages or says it is broken', () => {
  fc.assert(
    fc.property(fc.integer(), fc.uint8Array({ maxLength: 600 }), (tail, bytes) => {
      const { memory, reader } = lane();
      memory.control[memory.tailAt] = tail;
      memory.slots.set(bytes);
      try {
        for (let count = 0; count <= ringCapacity && reader.look(0) === 'message'; count++) reader.take();
      } catch (error) {
        expect(error).toBeInstanceOf(RingBroken);
      }
      expect(reader.look.bind(reader, 0)).toSatisfy((look: () => unknown) => {
        try {
          look();
          return true;
        } catch (error) {
          return error instanceof RingBroken;
        }
      });
    }),
    { numRuns: 1_000 },
  );
});
