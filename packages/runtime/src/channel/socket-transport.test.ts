import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex, duplexPair } from 'node:stream';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { FrameEncoder } from './frames/frame-encoder.ts';
import { frameBounds } from './frames/frame-format.ts';
import { SocketTransport } from './socket-transport.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A transport, and what came of it. */
function transportOver(channel: Duplex) {
  const got: unknown[] = [];
  const broken: string[] = [];
  const transport = new SocketTransport({ channel, onBroken: (problem) => broken.push(problem) });
  const closed = new Promise<void>((resolve) => (transport.onClose = resolve));
  transport.onMessage = (message) => got.push(message);
  closing.push(() => channel.destroy());
  return { transport, got, broken, closed, channel };
}

/** Both ends of a real socket. */
async function socketPair(): Promise<readonly [Socket, Socket]> {
  const folder = mkdtempSync(join(tmpdir(), 'transport-'));
  const server: Server = createServer();
  closing.push(
    () => server.close(),
    () => rmSync(folder, { recursive: true }),
  );
  server.listen(join(folder, 's'));
  await once(server, 'listening');
  const one = connect(join(folder, 's'));
  const [other] = (await once(server, 'connection')) as [Socket];
  return [one, other];
}

async function bothEnds() {
  const [one, other] = await socketPair();
  return { host: transportOver(one), guest: transportOver(other), guestSocket: other };
}

/** A process of its own, with the socket as its descriptor 3. */
function echoProcess(work: 'echo' | 'flood' | 'deaf' | 'garbage') {
  const file = join(import.meta.dirname, 'fixtures/echo-process.ts');
  const child: ChildProcess = spawn(process.execPath, ['--conditions=@hotswap/source', file, work], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const exited = once(child, 'exit');
  closing.push(() => child.kill('SIGKILL') && exited);
  const channel = child.stdio[3];
  if (!(channel instanceof Duplex)) throw new Error('a socket was due');
  return { child, exited, ...transportOver(channel) };
}

function framesOf(...messages: readonly unknown[]): Buffer {
  const encoder = new FrameEncoder(frameBounds);
  for (const message of messages) encoder.write(message);
  return encoder.take(0, true);
}

async function count(list: readonly unknown[], length: number): Promise<void> {
  await expect.poll(() => list.length, { interval: 1, timeout: 10_000 }).toBe(length);
}

/** What happens in this event loop meanwhile. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const messages = [['answer', 1, { text: 'x'.repeat(200) }], null, undefined, 5n, ['chunk', 3, new Uint8Array(10)]];

test('messages of every size arrive as they were sent, in order', async () => {
  const { host, guest } = await bothEnds();
  const sent = Array.from({ length: 500 }, (_, index) => ({ index, text: 'x'.repeat((index * 137) % 3_000) }));
  for (const message of sent) host.transport.send(message);
  host.transport.send({ large: new Uint8Array(5_000_000).fill(3) });
  host.transport.send('last');
  await count(guest.got, 502);
  expect(guest.got.slice(0, 500)).toStrictEqual(sent);
  expect(guest.got.slice(500)).toStrictEqual([{ large: new Uint8Array(5_000_000).fill(3) }, 'last']);
});

test('all messages of one turn go in one write', async () => {
  const [channel] = duplexPair();
  let writes = 0;
  const write = channel.write.bind(channel);
  channel.write = (chunk: unknown) => (writes++, write(chunk));
  const { transport } = transportOver(channel);
  for (const message of messages.slice(0, 4)) transport.send(message);
  await Promise.resolve().then(() => transport.send('sent in a later microtask of the same turn'));
  await nextTurn();
  expect(writes).toBe(1);
});

test('however the bytes are cut, the messages are the same', async () => {
  const bytes = framesOf(...messages, 'x'.repeat(70_000), ...messages);
  const tail = new Uint8Array(9_000).fill(9);
  const [from, through] = duplexPair();
  const writer = transportOver(from);
  writer.transport.send(['chunk', 8, tail], [tail.buffer]);
  const parts: Buffer[] = [];
  through.on('data', (part: Buffer) => parts.push(part));
  await nextTurn();
  const whole = Buffer.concat([bytes, ...parts]);
  const expected = [...messages, 'x'.repeat(70_000), ...messages, ['chunk', 8, tail]];
  const cuts = fc.oneof(
    fc.constant(Array.from({ length: whole.length }, (_, index) => index)),
    fc.array(fc.nat(whole.length), { maxLength: 50 }).map((list) => list.toSorted((one, other) => one - other)),
  );
  await fc.assert(
    fc.asyncProperty(cuts, async (places) => {
      const [reading, writing] = duplexPair();
      const { got, broken } = transportOver(reading);
      let at = 0;
      for (const place of [...places, whole.length]) {
        if (place > at) writing.write(whole.subarray(at, place));
        at = Math.max(at, place);
      }
      await count(got, expected.length);
      expect(got).toStrictEqual(expected);
      expect(broken).toEqual([]);
    }),
    { numRuns: 10, examples: [[Array.from({ length: whole.length }, (_, index) => index)]] },
  );
});

test('bytes that were given away arrive in memory of their own, and nothing else lies there', async () => {
  const { host, guest } = await bothEnds();
  for (const length of [100, 4_096, 65_536, 1_000_000]) {
    const bytes = new Uint8Array(length).fill(5);
    host.transport.send([4, ['chunk', 7, bytes]], [bytes.buffer]);
  }
  await count(guest.got, 4);
  for (const message of guest.got) {
    const [, [, , bytes]] = message as [number, [string, number, Uint8Array]];
    expect(bytes).toStrictEqual(new Uint8Array(bytes.length).fill(5));
    expect(bytes.buffer.byteLength).toBe(bytes.byteLength);
  }
});

test('what was sent is what it was then, also when its sender changes it at once', async () => {
  const { host, guest } = await bothEnds();
  const bytes = new Uint8Array(100_000).fill(1);
  const message = ['chunk', 1, bytes];
  host.transport.send(message);
  bytes.fill(2);
  await count(guest.got, 1);
  expect(guest.got).toStrictEqual([['chunk', 1, new Uint8Array(100_000).fill(1)]]);
});

test('a call overtakes the megabytes of a body, whose parts keep their order', async () => {
  const { host, guest } = await bothEnds();
  for (let index = 0; index < 100; index++) {
    const chunk = new Uint8Array(65_536).fill(index);
    host.transport.send(['chunk', 1, chunk], [chunk.buffer]);
  }
  host.transport.send(['end', 1]);
  await nextTurn();
  host.transport.send(['health', 2]);
  host.transport.send([3, ['abort', 4]]);
  await count(guest.got, 103);
  const tags = guest.got.map((message) => (message as unknown[])[0]);
  expect(tags.indexOf('health')).toBeLessThan(30);
  expect(tags.indexOf(3)).toBe(tags.indexOf('health') + 1);
  const chunks = guest.got.filter((message) => (message as unknown[])[0] === 'chunk') as [string, number, Uint8Array][];
  expect(chunks.map(([, , bytes]) => bytes[0])).toEqual(Array.from({ length: 100 }, (_, index) => index));
  expect(tags.at(-1)).toBe('end');
});

test('a message that a getter sends while another one is written arrives whole, as does that', async () => {
  const { host, guest } = await bothEnds();
  const message = {
    get inner(): string {
      host.transport.send('sent meanwhile');
      return 'inner';
    },
  };
  host.transport.send(message);
  await count(guest.got, 2);
  expect(guest.got).toStrictEqual([{ inner: 'inner' }, 'sent meanwhile']);
});

test('a message that cannot be copied is its sender’s error, and those around it arrive', async () => {
  const { host, guest } = await bothEnds();
  host.transport.send('before');
  expect(() => host.transport.send(['method', 1, () => 1])).toThrow(
    expect.objectContaining({ name: 'DataCloneError' }),
  );
  host.transport.send('after');
  await count(guest.got, 2);
  expect(guest.got).toEqual(['before', 'after']);
});

test('thousands of messages that come at once leave turns to others', async () => {
  const [reading, writing] = duplexPair();
  const { got } = transportOver(reading);
  writing.write(framesOf(...Array.from({ length: 5_000 }, (_, index) => index)));
  const seen: number[] = [];
  while (got.length < 5_000) {
    await nextTurn();
    seen.push(got.length);
  }
  expect(seen.length).toBeGreaterThan(10);
  expect(got).toStrictEqual(Array.from({ length: 5_000 }, (_, index) => index));
});

test('what a listener throws is its own, and the messages behind it are delivered', async () => {
  const [reading, writing] = duplexPair();
  const { transport, got } = transportOver(reading);
  transport.onMessage = (message) => {
    got.push(message);
    if (message === 1) throw new Error('a listener failed');
  };
  await nextTurn();
  // This stream delivers within the write.
  expect(() => writing.write(framesOf(1, 2, 3))).toThrow('a listener failed');
  await count(got, 3);
  expect(got).toEqual([1, 2, 3]);
});

test('bytes that are no frame are told once, and nothing is read behind them', async () => {
  for (const bytes of [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.from([1, 0, 0, 0, 0x3f]),
    Buffer.from([0, 0, 0, 0]),
  ]) {
    const [reading, writing] = duplexPair();
    const { got, broken } = transportOver(reading);
    writing.write(Buffer.concat([framesOf('before'), bytes, framesOf('after', 'after')]));
    await count(broken, 1);
    writing.write(bytes);
    await nextTurn();
    await nextTurn();
    expect({ got, told: broken.length }).toEqual({ got: ['before'], told: 1 });
  }
});

test('a frame that is announced as larger than it may be is refused before it comes', async () => {
  const [reading, writing] = duplexPair();
  const { broken } = transportOver(reading);
  writing.write(Buffer.from([0xff, 0xff, 0xff, 0x7f]));
  await count(broken, 1);
  expect(broken[0]).toContain('2147483647 bytes');
});

test('when one side closes, what it sent arrives, and then the other one hears of the end', async () => {
  const { host, guest } = await bothEnds();
  const sent = Array.from({ length: 2_000 }, (_, index) => index);
  for (const message of sent) host.transport.send(message);
  host.transport.close();
  host.transport.send('too late');
  await guest.closed;
  expect(guest.got).toStrictEqual(sent);
  await host.closed;
});

test('a side that was destroyed is a closed one to the other, and to whoever sends to it', async () => {
  const { host, guest, guestSocket } = await bothEnds();
  host.transport.send('hello');
  await count(guest.got, 1);
  guestSocket.destroy();
  await host.closed;
  host.transport.send('nobody is there');
  expect(host.transport.unwrittenBytes).toBe(0);
});

test('a side that only ends its half is closed as well', async () => {
  const [one, other] = await socketPair();
  const { closed, got } = transportOver(one);
  other.end(framesOf('last words'));
  await closed;
  expect(got).toEqual(['last words']);
});

test('a process answers over its descriptor, and its end is the end of the transport', async () => {
  const { transport, got, closed, exited } = echoProcess('echo');
  for (const message of messages) transport.send(message);
  await count(got, messages.length);
  expect(got.filter((message) => !Array.isArray(message) || message[0] !== 'chunk')).toStrictEqual(
    messages.slice(0, 4),
  );
  transport.send('exit');
  await closed;
  expect(await exited).toEqual([0, null]);
});

test('a process that cannot answer as fast as it is asked loses nothing', async () => {
  const { transport, got } = echoProcess('echo');
  const sent = Array.from({ length: 20_000 }, (_, index) => [index, 'x'.repeat(index % 300)]);
  for (const message of sent) transport.send(message);
  transport.send({ large: new Uint8Array(3_000_000).fill(4) });
  transport.send('last');
  await count(got, 20_002);
  expect(got).toStrictEqual([...sent, { large: new Uint8Array(3_000_000).fill(4) }, 'last']);
});

test('a transport that was told not to keeps no process alive', async () => {
  const { transport, exited } = echoProcess('echo');
  transport.send('idle');
  expect(await exited).toEqual([0, null]);
});

test('a process that floods its host fills no memory there, and leaves it time', async () => {
  const { transport, got, child, channel } = echoProcess('flood');
  let received = 0;
  transport.onMessage = () => received++;
  await expect.poll(() => received, { timeout: 10_000 }).toBeGreaterThan(50_000);
  const before = process.memoryUsage().rss;
  const read = received;
  for (let turn = 0; turn < 2_000; turn++) await nextTurn();
  expect(received - read).toBeGreaterThan(50_000);
  expect(got).toEqual([]);
  expect(channel.readableLength).toBeLessThan(1_048_576);
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1_048_576);
  child.kill('SIGKILL');
});

test('what a process does not read is counted, and gone with it', async () => {
  const { transport, child, closed } = echoProcess('deaf');
  for (let index = 0; index < 100; index++) transport.send('x'.repeat(100_000));
  await nextTurn();
  expect(transport.unwrittenBytes).toBeGreaterThan(9_000_000);
  child.kill('SIGKILL');
  await closed;
  expect(transport.unwrittenBytes).toBe(0);
});

test('what a process says that speaks something else is broken', async () => {
  const { broken } = echoProcess('garbage');
  await count(broken, 1);
});
