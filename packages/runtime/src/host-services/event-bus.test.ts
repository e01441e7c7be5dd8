import { describe, expect, it } from 'vitest';
import { createFakeClock } from '@hotswap/test-kit';
import { EventBus } from './event-bus.ts';
import { silentLog } from './logging/silent-log.ts';

function setUp(
  options: { readonly queueLimit?: number; readonly bytesLimit?: number; readonly copyValues?: boolean } = {},
) {
  const bus = new EventBus({ clock: createFakeClock(1_000), log: silentLog, ...options });
  const seen: string[] = [];
  const collect = (plugin: string, event: string, generation = 1) =>
    bus.subscribe({
      plugin,
      generation,
      event,
      handler: ({ payload }) => void seen.push(`${plugin}${generation}:${payload}`),
    });
  return { bus, seen, collect };
}

describe('the event bus', () => {
  it('tells each subscriber of an event who emitted what and when', async () => {
    const { bus } = setUp();
    const events: unknown[] = [];
    bus.subscribe({ plugin: 'a', generation: 1, event: 'key.added', handler: (event) => void events.push(event) });
    await bus.emit('host', 'key.added', { id: 7 });
    await bus.idle('a', 1);
    expect(events).toEqual([{ name: 'key.added', payload: { id: 7 }, source: 'host', at: 1_000 }]);
  });

  it('resolves emit when the event is queued, before any handler has run', async () => {
    const { bus, seen, collect } = setUp();
    collect('a', 'x');
    await bus.emit('b', 'x', 1);
    expect(seen).toEqual([]);
    await bus.idle('a', 1);
    expect(seen).toEqual(['a1:1']);
  });

  it('keeps the order of events, also when a handler is slow', async () => {
    const { bus } = setUp();
    const order: unknown[] = [];
    bus.subscribe({
      plugin: 'a',
      generation: 1,
      event: 'x',
      async handler({ payload }) {
        if (payload === 1) await new Promise((resolve) => setImmediate(resolve));
        order.push(payload);
      },
    });
    for (const number of [1, 2, 3]) await bus.emit('b', 'x', number);
    await bus.idle('a', 1);
    expect(order).toEqual([1, 2, 3]);
  });

  it('matches whole names, and beginnings where a pattern ends in *', async () => {
    const { bus, seen, collect } = setUp();
    collect('exact', 'key.added');
    collect('prefix', 'key.*');
    collect('all', '*');
    for (const name of ['key.added', 'key.removed', 'keys']) await bus.emit('host', name, name);
    await Promise.all(['exact', 'prefix', 'all'].map((plugin) => bus.idle(plugin, 1)));
    expect(seen.toSorted()).toEqual([
      'all1:key.added',
      'all1:key.removed',
      'all1:keys',
      'exact1:key.added',
      'prefix1:key.added',
      'prefix1:key.removed',
    ]);
  });

  it('gives an event to the generation that is subscribed when it is emitted, and to that one alone', async () => {
    const { bus, seen, collect } = setUp();
    const detach = collect('a', 'x', 1);
    await bus.emit('b', 'x', 'before');
    collect('a', 'x', 2);
    detach();
    await bus.emit('b', 'x', 'after');
    await Promise.all([bus.idle('a', 1), bus.idle('a', 2)]);
    expect(seen).toEqual(['a1:before', 'a2:after']);
  });

  it('drops the oldest event of a full queue and counts it', async () => {
    const { bus, seen, collect } = setUp({ queueLimit: 2 });
    collect('a', 'x');
    for (const number of [1, 2, 3]) await bus.emit('b', 'x', number);
    await bus.idle('a', 1);
    expect(seen).toEqual(['a1:2', 'a1:3']);
    expect(bus.counts('a')).toEqual({ delivered: 2, failed: 0, dropped: 1 });
  });

  it('holds only so many bytes for one plugin, in all its queues, and others are not held to that', async () => {
    const { bus, seen, collect } = setUp({ bytesLimit: 100 });
    collect('a', 'x');
    collect('a', 'y');
    collect('c', 'y');
    for (const number of [1, 2, 3]) await bus.emit('b', 'x', number, 40);
    await bus.emit('b', 'y', 4, 40);
    await bus.emit('b', 'x', 5);
    await Promise.all([bus.idle('a', 1), bus.idle('c', 1)]);
    expect(seen.toSorted()).toEqual(['a1:2', 'a1:3', 'a1:5', 'c1:4']);
    expect(bus.counts('a')).toMatchObject({ delivered: 3, dropped: 2 });
    await bus.emit('b', 'y', 6, 90);
    await bus.idle('a', 1);
    expect(seen).toContain('a1:6');
  });

  it('throws away what waits for a generation when it is told to', async () => {
    const { bus, seen, collect } = setUp();
    collect('a', 'x');
    await bus.emit('b', 'x', 1);
    bus.discard('a', 1);
    await bus.idle('a', 1);
    expect(seen).toEqual([]);
    expect(bus.counts('a').dropped).toBe(1);
  });

  it('goes on after a handler that throws or rejects, and counts it', async () => {
    const { bus, seen, collect } = setUp();
    const failing = (handler: () => Promise<void> | void) =>
      bus.subscribe({ plugin: 'bad', generation: 1, event: 'x', handler });
    failing(() => {
      throw new Error('at once');
    });
    failing(() => Promise.reject(new Error('later')));
    collect('good', 'x');
    await bus.emit('b', 'x', 1);
    await Promise.all([bus.idle('bad', 1), bus.idle('good', 1)]);
    expect(seen).toEqual(['good1:1']);
    expect(bus.counts('bad')).toEqual({ delivered: 0, failed: 2, dropped: 0 });
  });

  it('gives each subscriber its own frozen copy where values are copied', async () => {
    const { bus } = setUp({ copyValues: true });
    const payloads: unknown[] = [];
    for (const plugin of ['a', 'b']) {
      bus.subscribe({ plugin, generation: 1, event: 'x', handler: ({ payload }) => void payloads.push(payload) });
    }
    const payload = { list: [1] };
    await bus.emit('host', 'x', payload);
    await Promise.all([bus.idle('a', 1), bus.idle('b', 1)]);
    expect(payloads).toEqual([payload, payload]);
    expect(new Set([payload, ...payloads]).size).toBe(3);
    expect(payloads.every((copy) => Object.isFrozen(copy))).toBe(true);
    await expect(bus.emit('host', 'x', { run: () => {} })).rejects.toMatchObject({ code: 'VALUE_NOT_CLONEABLE' });
  });

  it('refuses names that are empty or hold a * in the middle', async () => {
    const { bus, collect } = setUp();
    expect(() => collect('a', 'a.*.b')).toThrow(expect.objectContaining({ code: 'EVENT_NAME_INVALID' }));
    await expect(bus.emit('a', 'key.*')).rejects.toMatchObject({ code: 'EVENT_NAME_INVALID' });
    await expect(bus.emit('a', '')).rejects.toMatchObject({ code: 'EVENT_NAME_INVALID' });
  });

  it('lets other work of the loop run between the batches of a subscriber that feeds itself', async () => {
    const { bus } = setUp();
    let runs = 0;
    const detach = bus.subscribe({
      plugin: 'a',
      generation: 1,
      event: 'x',
      handler: () => (runs++, bus.emit('a', 'x')),
    });
    await bus.emit('a', 'x');
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    detach();
    await bus.idle('a', 1);
    expect(runs).toBeGreaterThan(0);
  });
});
