import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { RawConnection } from '../serving/raw-connection.ts';
import { servePlugins } from '../serving/serve-plugins.ts';
import type { ServedPlugins } from '../serving/serve-plugins.ts';
import { SocketClient } from '../serving/socket-client.ts';

const echo = `
  ctx.http.websocket('/echo', {
    message: (peer, data) => peer.send(data),
    close: (peer, code) => ctx.log.error({ code }, 'closed'),
  }, { handOver: true });
  ctx.http.get('/alive', () => new Response('alive'));`;

const textFrame = 0x81;
const closeFrame = 0x88;

/** One client frame, masked as it must be unless `mask` is left out. */
function frame(first: number, payload: Buffer, mask: Buffer | undefined = randomBytes(4)): Buffer {
  const head = Buffer.alloc(payload.length < 126 ? 2 : 10);
  head[0] = first;
  head[1] = (mask ? 0x80 : 0) | (payload.length < 126 ? payload.length : 127);
  if (payload.length >= 126) head.writeBigUInt64BE(BigInt(payload.length), 2);
  const masked = mask ? payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0)) : payload;
  return Buffer.concat([head, mask ?? Buffer.alloc(0), masked]);
}

async function connected(served: ServedPlugins): Promise<RawConnection> {
  const raw = await RawConnection.open(served.port);
  raw.write(
    'GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await raw.until('\r\n\r\n');
  return raw;
}

/** The code of the close frame that the server sent last. */
function closeCode(received: string): number {
  const bytes = Buffer.from(received, 'latin1');
  return bytes.readUInt16BE(bytes.lastIndexOf(closeFrame) + 2);
}

const closings = ({ lines }: ServedPlugins): unknown[] =>
  lines.filter(({ message }) => message === 'closed').map(({ fields }) => fields['code']);

async function isServing(served: ServedPlugins): Promise<boolean> {
  return (await (await fetch(`${served.url}/alive`)).text()) === 'alive';
}

describe('a client that breaks the protocol', () => {
  it.each([
    ['a message over the limit', 1009, frame(textFrame, Buffer.alloc(1024 * 1024 + 1, 97))],
    [
      'a length that no frame has',
      1009,
      Buffer.from([0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0]),
    ],
    ['text that is no UTF-8', 1007, frame(textFrame, Buffer.from([0xff, 0xfe, 0xfd]))],
    ['a frame without a mask', 1002, frame(textFrame, Buffer.from('hi'), Buffer.alloc(0))],
    ['a reserved opcode', 1002, frame(0x83, Buffer.from('hi'))],
    ['a compressed frame that was not agreed on', 1002, frame(0xc1, Buffer.from('hi'))],
    ['a ping of 200 bytes', 1002, frame(0x89, Buffer.alloc(200))],
  ])('with %s is closed with %i; the plugin is told so and others notice nothing', async (_what, code, bytes) => {
    await using served = await servePlugins({ plugins: { echo } });
    using other = await SocketClient.open(`${served.url}/echo`);
    using raw = await connected(served);
    raw.socket.on('error', () => {});
    // A mask of no bytes leaves the mask bit set: clear it for the frame that must have none.
    if (code === 1002 && bytes.length === 4) bytes[1] = 2;
    raw.write(frame(textFrame, Buffer.from('good')));
    raw.write(bytes);
    await expect.poll(() => closings(served)).toEqual([code]);
    await expect.poll(() => raw.received.includes('good') && closeCode(raw.received)).toBe(code);
    other.send('still here');
    await other.got('still here');
    expect(await isServing(served)).toBe(true);
    expect(served.runtime.pluginStatus('echo').counts.errors).toBe(0);
  });
});

it('10,000 messages in one burst come back in order, through a swap in their midst', async () => {
  await using served = await servePlugins({
    plugins: { echo: echo.replace('(peer, data) => peer.send(data)', 'async (peer, data) => peer.send(data)') },
  });
  using client = await SocketClient.open(`${served.url}/echo`);
  const numbers = Array.from({ length: 10_000 }, (_, index) => String(index));
  for (const number of numbers) client.send(number);
  await expect.poll(() => client.messages.length).toBeGreaterThan(0);
  expect(await served.swap('echo', echo)).toMatchObject({ outcome: 'swapped' });
  await client.got(...numbers);
});

it('a client that sends faster than its messages are handled is held back, not buffered', async () => {
  const slow = `
    let gate = new Promise((done) => { globalThis.letGo = done; });
    ctx.http.websocket('/slow', { message: async (peer, data) => { await gate; peer.send(String(data.length)); } });`;
  await using served = await servePlugins({ plugins: { slow } });
  using client = await SocketClient.open(`${served.url}/slow`);
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 200; i++) client.socket.send(new Uint8Array(256 * 1024));
  // What the server does not read stays with the client.
  await expect.poll(() => served.runtime.pluginStatus('slow').activeRequests).toBe(1);
  await expect.poll(() => client.socket.bufferedAmount).toBeGreaterThan(20 * 1024 * 1024);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(80 * 1024 * 1024);
  (Reflect.get(globalThis, 'letGo') as () => void)();
  await expect.poll(() => client.messages.length, { timeout: 10_000 }).toBe(200);
});

it('a client that does not read is cut off with 1013 once too much waits for it', async () => {
  const flood = `
    ctx.http.websocket('/flood', {
      async message(peer) {
        for (let i = 0; i < 400 && peer.bufferedBytes < 2 * 1024 * 1024; i++) {
          peer.send(new Uint8Array(64 * 1024));
          await ctx.clock.sleep(0);
        }
        ctx.log.error({ waiting: peer.bufferedBytes > 1024 * 1024 }, 'flooded');
        for (let i = 0; i < 100; i++) peer.send(new Uint8Array(64 * 1024));
      },
      close: (peer, code) => ctx.log.error({ code }, 'closed'),
    });`;
  await using served = await servePlugins({ plugins: { flood } });
  using client = await SocketClient.open(`${served.url}/flood`);
  client.socket.pause();
  client.send('go');
  await expect.poll(() => closings(served), { timeout: 10_000 }).toEqual([1013]);
  expect(served.lines.find(({ message }) => message === 'flooded')?.fields['waiting']).toBe(true);
  // It reads nothing, so neither the close frame: in the end its connection is cut.
  const { server } = served.listening;
  const open = (): Promise<number> => promisify(server.getConnections.bind(server))();
  await expect.poll(open, { timeout: 10_000 }).toBe(0);
});

it('a client that vanishes without a close is told to the plugin as 1006', async () => {
  await using served = await servePlugins({ plugins: { echo } });
  using raw = await connected(served);
  raw.socket.on('error', () => {});
  raw.socket.resetAndDestroy();
  await expect.poll(() => closings(served)).toEqual([1006]);
  expect(served.runtime.pluginStatus('echo')).toMatchObject({ connections: 0, activeRequests: 0 });
});

it('a client that gives no sign of life between two pings is cut off, one that answers them stays', async () => {
  await using served = await servePlugins({ plugins: { echo }, sockets: { pingMs: 90 } });
  using lively = await SocketClient.open(`${served.url}/echo`);
  let pings = 0;
  lively.socket.on('ping', () => pings++);
  using dead = await connected(served);
  await expect.poll(() => closings(served), { timeout: 5_000 }).toEqual([1006]);
  expect(dead.received).toContain('\x89\x00');
  await expect.poll(() => pings, { timeout: 5_000 }).toBeGreaterThan(3);
  lively.send('here');
  await lively.got('here');
});

it('a client that leaves during the handshake leaves nothing behind', async () => {
  const gate = `
    ctx.http.use({ paths: ['/echo'] }, async (request, next) => {
      await new Promise((done) => { globalThis.letGo = done; });
      return next(request);
    });`;
  await using served = await servePlugins({ plugins: { gate, echo } });
  using raw = await RawConnection.open(served.port);
  raw.write(
    'GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await expect.poll(() => served.runtime.pluginStatus('gate').activeRequests).toBe(1);
  raw.socket.resetAndDestroy();
  await once(raw.socket, 'close');
  (Reflect.get(globalThis, 'letGo') as () => void)();
  await expect.poll(() => served.runtime.pluginStatus('gate').activeRequests).toBe(0);
  expect(served.runtime.pluginStatus('echo').connections).toBe(0);
});

describe('a handshake that is none', () => {
  it.each([
    ['no key', 400, 'Sec-WebSocket-Version: 13\r\n'],
    [
      'a version that nobody speaks',
      400,
      'Sec-WebSocket-Version: 7\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
    ],
    ['a body in chunks', 400, 'Transfer-Encoding: chunked\r\n'],
  ])('with %s is answered %i and its connection ends', async (_what, status, fields) => {
    await using served = await servePlugins({ plugins: { echo } });
    using raw = await RawConnection.open(served.port);
    raw.write(`GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${fields}\r\n`);
    if (fields.startsWith('Transfer')) raw.write('5\r\nhello\r\n0\r\n\r\n');
    expect((await raw.answer()).status).toBe(status);
    await raw.closed();
    expect(served.runtime.pluginStatus('echo').connections).toBe(0);
  });

  it('asks for another protocol: it is a request like any other', async () => {
    await using served = await servePlugins({ plugins: { echo } });
    using raw = await RawConnection.open(served.port);
    raw.write('GET /alive HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n');
    expect(await raw.answer()).toMatchObject({ status: 200, body: 'alive' });
  });
});
