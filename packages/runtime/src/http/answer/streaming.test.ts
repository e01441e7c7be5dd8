import { Readable } from 'node:stream';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { HotResponse } from '@hotswap/protocol/http';
import { closing, eventually, partsOf, stuck, serveEdge } from '../testing/edge-server.ts';

const ask = `GET / HTTP/1.1\r\n${closing}`;

async function* unbounded(): AsyncGenerator<Uint8Array> {
  for (;;) yield Buffer.alloc(64 * 1024);
}

describe('streamed answers', () => {
  it('writes streams, iterables, Node streams, blobs and forms', async () => {
    const form = new FormData();
    form.set('field', 'form value');
    const bodies: Record<string, () => ConstructorParameters<typeof HotResponse>[0]> = {
      '/stream': () => new Response('stream').body,
      '/iterable': () => partsOf('iter', Buffer.from('able')),
      '/node': () => Readable.from(['no', 'de']),
      '/blob': () => new Blob(['blob'], { type: 'text/x' }),
      '/form': () => form,
      '/search': () => new URLSearchParams({ a: '1' }),
    };
    await using edge = await serveEdge(({ target }) => new HotResponse(bodies[target]?.()));
    const text = async (path: string): Promise<string> => (await fetch(edge.listening.url + path)).text();
    expect(await text('/stream')).toBe('stream');
    expect(await text('/iterable')).toBe('iterable');
    expect(await text('/node')).toBe('node');
    expect(await text('/blob')).toBe('blob');
    expect(await text('/search')).toBe('a=1');
    expect((await (await fetch(`${edge.listening.url}/form`)).formData()).get('field')).toBe('form value');
    expect(edge.ledger.closed).toBe(6);
  });

  it('accepts native answers', async () => {
    await using edge = await serveEdge(() => HotResponse.from(new Response('native', { status: 203 })));
    expect(await edge.send(ask)).toMatch(/^HTTP\/1.1 203 [^]*native/);
  });

  it('asks the producer for no more than a slow reader takes', async () => {
    let produced = 0;
    const part = Buffer.alloc(64 * 1024);
    async function* endless() {
      for (;;) {
        produced += part.byteLength;
        yield part;
      }
    }
    await using edge = await serveEdge(() => new HotResponse(endless()));
    const client = await edge.open();
    client.socket.pause();
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    let before = -1;
    // Once the buffers of both ends are full nothing more is produced over a thousand turns of the loop.
    await eventually(() => edge.ledger.opened === 1);
    for (let still = 0; still < 1_000; still = produced === before ? still + 1 : 0) {
      before = produced;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(produced).toBeLessThan(32 * 1024 * 1024);
    client.socket.destroy();
    await eventually(() => edge.ledger.closed === 1);
    expect(edge.ledger.aborted).toHaveLength(1);
  });

  it('cuts off a client that takes nothing', async () => {
    await using edge = await serveEdge(() => new HotResponse(unbounded()), { stallTimeoutMs: 50 });
    const client = await edge.open();
    client.socket.pause();
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await eventually(() => edge.ledger.closed === 1);
    client.socket.destroy();
  });

  it('lets the producer go when the client leaves, also while it waits', async () => {
    let isCancelled = false;
    const stream = new ReadableStream({
      start: (controller) => controller.enqueue(Buffer.from('first')),
      cancel: () => {
        isCancelled = true;
      },
    });
    await using edge = await serveEdge(() => new HotResponse(stream));
    const client = await edge.open();
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until('first');
    client.socket.destroy();
    await eventually(() => isCancelled && edge.ledger.closed === 1);
    expect(edge.ledger.aborted).toHaveLength(1);
  });

  it('holds no lease for a generator that never wakes after its client left', async () => {
    await using edge = await serveEdge(() => new HotResponse(stuck()));
    const client = await edge.open();
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until('first');
    client.socket.destroy();
    await eventually(() => edge.ledger.closed === 1);
  });

  it.each([
    ['throws', new Error('broken')],
    ['gives a part that is no bytes', undefined],
  ])('destroys the connection when the producer %s', async (_, error) => {
    const seen = Promise.withResolvers<void>();
    async function* broken() {
      yield 'first';
      await seen.promise;
      if (error) throw error;
      yield 7 as unknown as string;
    }
    await using edge = await serveEdge(() => new HotResponse(broken()));
    const client = await edge.open();
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until('first');
    seen.resolve();
    expect(await client.rest()).not.toContain('\r\n0\r\n\r\n');
    expect(edge.ledger.closed).toBe(1);
  });

  it.each(['1.1', '1.0'])('breaks off over HTTP/%s when the host may wait no longer', async (version) => {
    await using edge = await serveEdge(() => new HotResponse(stuck()));
    const client = await edge.open();
    const errors: unknown[] = [];
    client.socket.on('error', (error) => void errors.push(error));
    client.write(`GET / HTTP/${version}\r\nHost: a\r\n\r\n`);
    await client.until('first');
    edge.ledger.cutOffs[0]?.(new Error('the drain time-out passed'));
    expect(await client.rest()).not.toContain('\r\n0\r\n\r\n');
    // Without chunks the end of the connection would be the end of the body: it must be a reset.
    expect(errors).toMatchObject(version === '1.0' ? [{ code: 'ECONNRESET' }] : []);
    expect(edge.ledger.closed).toBe(1);
  });

  it('sends the head before the first part', async () => {
    const first = Promise.withResolvers<string>();
    async function* waiting() {
      yield await first.promise;
    }
    await using edge = await serveEdge(() => new HotResponse(waiting()));
    const client = await edge.open();
    client.write(ask);
    await client.until('\r\n\r\n');
    first.resolve('now');
    await client.until('now');
    await once(client.socket, 'close');
  });
});
