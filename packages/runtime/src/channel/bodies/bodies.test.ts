import { setImmediate as turn } from 'node:timers/promises';
import { HotRequest, HotResponse } from '@hotswap/protocol/http';
import { expect, it } from 'vitest';
import type { BodyOwner } from './bodies.ts';
import { createChannelPair } from '../fixtures/channel-pair.ts';
import { RemoteBody } from './remote-body.ts';

const kilobyte = new Uint8Array(1_024).fill(7);

/** A body that counts what was taken from it. */
function counted(parts: number, part: Uint8Array = kilobyte) {
  const seen = { taken: 0, isLetGo: false };
  const payload = {
    async *[Symbol.asyncIterator]() {
      try {
        for (; seen.taken < parts; seen.taken++) yield part;
      } finally {
        seen.isLetGo = true;
      }
    },
  };
  const owner: BodyOwner = { take: () => payload };
  return { owner, payload, seen };
}

function pairWith(owner: BodyOwner, ended?: () => void) {
  const { host, guest } = createChannelPair({}, {});
  const wire = host.channel.bodies.hold(owner, undefined, ended);
  const body = guest.channel.bodies.fromWire(wire);
  if (!(body instanceof RemoteBody)) throw new Error('a body that is held crosses as one that is remote');
  return { host, guest, wire, body };
}

it('sends nothing of a body before somebody reads it, and then all of it', async () => {
  const { owner, seen } = counted(700);
  const { host, body } = pairWith(owner);
  await turn();
  expect([seen.taken, host.sent]).toEqual([0, []]);
  expect((await body.bytes()).byteLength).toBe(700 * 1_024);
  expect(host.channel.bodies.sentBytes).toBe(700 * 1_024);
  expect(host.channel.bodies.heldCount).toBe(0);
});

it('sends no more than a reader keeps up with', async () => {
  const { owner, seen } = counted(10_000);
  const { body } = pairWith(owner);
  const parts = body.chunks()[Symbol.asyncIterator]();
  for (let read = 0; read < 10; read++) await parts.next();
  for (let wait = 0; wait < 50; wait++) await turn();
  expect(seen.taken).toBeLessThan(300);
  await parts.return?.();
  await expect.poll(() => seen.isLetGo).toBe(true);
});

it('sends one large part in small pieces, as the reader asks for them', async () => {
  const { owner } = counted(1, new Uint8Array(3_000_000).fill(9));
  const { host, guest, body } = pairWith(owner);
  const sizes: number[] = [];
  for await (const part of body.chunks()) sizes.push(part.byteLength);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(3_000_000);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(65_536);
  expect([host.violations, guest.violations]).toEqual([[], []]);
});

it('leaves the memory of a part to its owner', async () => {
  const part = new Uint8Array(new ArrayBuffer(64), 16, 8).fill(5);
  const { owner } = counted(2, part);
  const { body } = pairWith(owner);
  expect([...(await body.bytes())]).toEqual(Array.from({ length: 16 }, () => 5));
  expect(part.buffer.byteLength).toBe(64);
});

it('gives a body that comes back unread to its owner, and nothing of it has crossed', () => {
  const request = new HotRequest('http://a.test/', { method: 'POST', body: 'the body' });
  const { host, guest, body } = pairWith(request);
  const back = guest.channel.bodies.toWire(new HotResponse(body).take());
  expect(back).toEqual({ yours: 1 });
  expect(host.channel.bodies.isOwn(back) && host.channel.bodies.reclaim(back)).toBe(request);
  expect([host.channel.bodies.sentBytes, host.channel.bodies.heldCount]).toEqual([0, 0]);
});

it('refuses a body that comes back read, or twice, or that nobody held', async () => {
  const { host, body } = pairWith(counted(3).owner);
  await body.chunks()[Symbol.asyncIterator]().next();
  const reclaim = (yours: unknown) => (): unknown => host.channel.bodies.reclaim({ yours });
  expect(reclaim(1)).toThrow(/was read/);
  expect(reclaim(9)).toThrow(/up to 1 was due/);
  expect(reclaim('1')).toThrow(/was due/);
});

it('tells the reader why a body broke off', async () => {
  const owner: BodyOwner = {
    take: () => ({
      async *[Symbol.asyncIterator]() {
        yield kilobyte;
        throw new Error('the client left');
      },
    }),
  };
  const { body } = pairWith(owner);
  const parts = body.chunks()[Symbol.asyncIterator]();
  expect((await parts.next()).value).toEqual(kilobyte);
  await expect(parts.next()).rejects.toThrow('the client left');
});

it('breaks off what is read, and lets go of what is sent, when the channel closes', async () => {
  const { owner, seen } = counted(10_000);
  const { host, guest, body } = pairWith(owner);
  const parts = body.chunks()[Symbol.asyncIterator]();
  await parts.next();
  guest.channel.close(new Error('the host is gone'));
  host.channel.close(new Error('the guest is gone'));
  await expect(readAll(parts)).rejects.toThrow('the host is gone');
  await expect.poll(() => seen.isLetGo).toBe(true);
});

it('breaks off a body whose request is over', async () => {
  const { host, body } = pairWith(counted(10_000).owner);
  const parts = body.chunks()[Symbol.asyncIterator]();
  await parts.next();
  host.channel.bodies.forget(1, new Error('the request is over'));
  await expect(readAll(parts)).rejects.toThrow('the request is over');
});

it('tells whoever reads a body of a request that is over', async () => {
  const { host, body } = pairWith(counted(1).owner);
  host.channel.bodies.forget(1, new Error('the request is over'));
  await expect(body.bytes()).rejects.toThrow('is over');
});

it('says when a body needs its owner no more', async () => {
  const ended: string[] = [];
  const read = pairWith(counted(2).owner, () => void ended.push('read'));
  await read.body.bytes();
  const cancelled = pairWith(counted(2).owner, () => void ended.push('cancelled'));
  await cancelled.body.return();
  await expect.poll(() => ended).toEqual(['read', 'cancelled']);
});

it('sends small bodies along, without the memory around them', () => {
  const { host } = createChannelPair({}, {});
  const { bodies } = host.channel;
  expect([bodies.toWire(null), bodies.toWire('text')]).toEqual([null, 'text']);
  const view = bodies.toWire(Buffer.from('some bytes of a pool'));
  expect(view instanceof Uint8Array && view.byteLength === view.buffer.byteLength).toBe(true);
  expect(bodies.toWire('x'.repeat(2_000_000))).toEqual({ held: 1, length: 2_000_000 });
});

it('ends a body that sends more than it was asked for', async () => {
  const { host, guest } = createChannelPair({}, {});
  const unread = host.channel.bodies.fromWire({ held: 5, length: undefined }) as RemoteBody;
  unread.chunks()[Symbol.asyncIterator]();
  for (let sent = 0; sent < 20; sent++) guest.sendRaw(['chunk', 5, new Uint8Array(65_536)]);
  await expect.poll(() => host.violations).toEqual(['it sent more of a body than it was asked for']);
});

it.each([[{}], [{ held: -1 }], [{ held: 1, length: 'long' }], [7], [undefined]])('refuses %j as a body', (wire) => {
  const { host } = createChannelPair({}, {});
  expect(() => host.channel.bodies.fromWire(wire)).toThrow(/due/);
});

it('lets the other side go of a body that nobody can read any more', async () => {
  const ended: string[] = [];
  const { host, guest } = createChannelPair({}, {});
  const wire = host.channel.bodies.hold(counted(1).owner, undefined, () => void ended.push('let go'));
  guest.channel.bodies.fromWire(wire);
  await expect
    .poll(() => {
      globalThis.gc?.();
      return ended;
    })
    .toEqual(['let go']);
});

async function readAll(parts: AsyncIterator<Uint8Array>): Promise<void> {
  for (let next = await parts.next(); next.done !== true; next = await parts.next()) void next;
}
