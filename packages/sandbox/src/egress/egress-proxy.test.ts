import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { EgressProxy } from './egress-proxy.ts';
import { ProxyGround } from './fixtures/proxy-ground.ts';

const ground = new ProxyGround();
afterEach(() => ground.close());

function open({ socketPath }: EgressProxy): Socket {
  const socket = connect({ path: socketPath, allowHalfOpen: true }).on('error', () => {});
  ground.undo(() => socket.destroy());
  return socket;
}

function ask(proxy: EgressProxy, entry: string): Socket {
  const socket = open(proxy);
  socket.write(`CONNECT ${entry} HTTP/1.1\r\nhost: ${entry}\r\n\r\n`);
  return socket;
}

/** Everything until the end. */
async function answerTo(socket: Socket): Promise<string> {
  socket.end();
  return text(socket);
}

async function tunnelTo(proxy: EgressProxy, entry: string): Promise<Socket> {
  const socket = ask(proxy, entry);
  const agreed = 'HTTP/1.1 200 Connection established\r\n\r\n';
  await once(socket, 'readable');
  expect(String(socket.read(agreed.length))).toBe(agreed);
  return socket;
}

/** A server that sends back what it gets, and the sockets it got. */
async function echoServer(): Promise<{ readonly port: number; readonly sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.pipe(socket);
  });
  return { port: await ground.listen(server), sockets };
}

/** The first bytes of a TLS client that names this server. */
async function helloFor(servername: string | undefined): Promise<Buffer> {
  const server = createServer();
  const port = await ground.listen(server);
  connectTls({ port, host: '127.0.0.1', ...(servername !== undefined && { servername }) }).on('error', () => {});
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return bytes;
}

const unrecognizedName = Buffer.from('15030100020270', 'hex');
const wantsTls = Buffer.from('0000000804d2162f', 'hex');

describe('an egress proxy', () => {
  it('lets through what is listed, untouched, and counts it', async () => {
    const { port } = await echoServer();
    const proxy = await ground.proxy({ entries: [`127.0.0.1:${port}`] });
    const socket = await tunnelTo(proxy, `127.0.0.1:${port}`);
    expect(proxy.counts.open).toBe(1);
    socket.end('\0plain bytes');
    expect(await text(socket)).toBe('\0plain bytes');
    await vi.waitUntil(() => proxy.counts.open === 0);
    expect(proxy.counts).toEqual({ sentBytes: 12, receivedBytes: 12, refused: 0, open: 0 });
  });

  it('takes the request in pieces, and bytes that follow it at once', async () => {
    const { port } = await echoServer();
    const proxy = await ground.proxy({ entries: [`127.0.0.1:${port}`] });
    const socket = open(proxy);
    const request = `CONNECT 127.0.0.1:${port} HTTP/1.1\r\n\r\nat once`;
    for (const letter of request) await new Promise((done) => socket.write(letter, done));
    expect(await answerTo(socket)).toBe('HTTP/1.1 200 Connection established\r\n\r\nat once');
  });

  it('says what to list, to the program and to the host', async () => {
    const proxy = await ground.proxy({ entries: ['other.example:443'] });
    const answer = await answerTo(ask(proxy, 'api.example.com:443'));
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    expect(answer).toContain('list "api.example.com:443"');
    expect(ground.refusals).toMatchObject([{ code: 'SANDBOX_EGRESS_NOT_LISTED', entry: 'api.example.com:443' }]);
    expect(proxy.counts.refused).toBe(1);
  });

  it('refuses a listed name that leads inside, whichever of its addresses does', async () => {
    const resolve = async () => ['93.184.216.34', '169.254.169.254'];
    const proxy = await ground.proxy({ entries: ['api.example.com:80'], resolve });
    const answer = await answerTo(ask(proxy, 'api.example.com:80'));
    expect(answer).toMatch(/403 [^]*api\.example\.com:80 leads to 169\.254\.169\.254/);
    expect(ground.refusals).toMatchObject([{ code: 'SANDBOX_EGRESS_ADDRESS_REFUSED' }]);
  });

  it('tells an unknown host, a closed port and a silent name server apart', async () => {
    const server = createServer();
    const port = await ground.listen(server);
    server.close();
    await once(server, 'close');
    const resolve = (host: string) =>
      host === 'silent.example' ? new Promise<string[]>(() => {}) : Promise.resolve([]);
    const entries = ['unknown.example:80', `127.0.0.1:${port}`, 'silent.example:80'];
    const proxy = await ground.proxy({ entries, resolve, limits: { resolveMs: 50 } });
    const answers = await Promise.all(entries.map((entry) => answerTo(ask(proxy, entry))));
    expect(answers.map((answer) => answer.slice(9, 12))).toEqual(['502', '502', '504']);
    expect(answers[1]).toContain('ECONNREFUSED');
    expect(ground.refusals.map(({ code }) => code).toSorted()).toEqual([
      'SANDBOX_EGRESS_HOST_UNKNOWN',
      'SANDBOX_EGRESS_TIMED_OUT',
      'SANDBOX_EGRESS_UNREACHABLE',
    ]);
  });

  it('takes nothing but CONNECT, in time and in size', async () => {
    const proxy = await ground.proxy({ limits: { headMs: 50 } });
    const [get, long, slow] = [open(proxy), open(proxy), open(proxy)];
    get.write('GET http://a.example/ HTTP/1.1\r\n\r\n');
    long.write(`CONNECT a.example:80 HTTP/1.1\r\n${'x'.repeat(9000)}`);
    slow.write('CONNECT a.exam');
    expect((await text(get)).slice(9, 12)).toBe('400');
    expect((await text(long)).slice(9, 12)).toBe('400');
    expect((await text(slow)).slice(9, 12)).toBe('504');
    const codes = ground.refusals.map(({ code }) => code);
    expect(codes).toEqual([
      'SANDBOX_EGRESS_REQUEST_INVALID',
      'SANDBOX_EGRESS_REQUEST_INVALID',
      'SANDBOX_EGRESS_TIMED_OUT',
    ]);
  });

  it('has no more connections open than it may', async () => {
    const { port } = await echoServer();
    const proxy = await ground.proxy({ entries: [`127.0.0.1:${port}`], maxConnections: 1 });
    const first = await tunnelTo(proxy, `127.0.0.1:${port}`);
    expect(await answerTo(ask(proxy, `127.0.0.1:${port}`))).toMatch(/503 [^]*1 connections are open/);
    expect(ground.refusals).toMatchObject([{ code: 'SANDBOX_EGRESS_TOO_MANY' }]);
    first.destroy();
    await vi.waitUntil(() => proxy.counts.open === 0);
    await tunnelTo(proxy, `127.0.0.1:${port}`);
  });

  it('refuses entries that name nothing', async () => {
    await expect(ground.proxy({ entries: ['*.example.com:443'] })).rejects.toMatchObject({
      code: 'SANDBOX_EGRESS_ENTRY_INVALID',
    });
  });

  it('goes by its newest list, for open connections too', async () => {
    const [one, other] = [await echoServer(), await echoServer()];
    const proxy = await ground.proxy({ entries: [`127.0.0.1:${one.port}`] });
    const first = await tunnelTo(proxy, `127.0.0.1:${one.port}`);
    proxy.allow([`127.0.0.1:${other.port}`]);
    await once(first.resume(), 'end');
    await tunnelTo(proxy, `127.0.0.1:${other.port}`);
    expect(await answerTo(ask(proxy, `127.0.0.1:${one.port}`))).toContain('403');
  });

  it('ends with every connection, and takes its socket away', async () => {
    const { port, sockets } = await echoServer();
    const proxy = await ground.proxy({ entries: [`127.0.0.1:${port}`] });
    expect((await stat(proxy.socketPath)).mode & 0o777).toBe(0o600);
    const socket = await tunnelTo(proxy, `127.0.0.1:${port}`);
    const ended = [once(socket.resume(), 'end'), once(sockets[0]!, 'end')];
    await proxy.close();
    await Promise.all(ended);
    expect(existsSync(proxy.socketPath)).toBe(false);
    await proxy.close();
  });
});

describe('a connection through the proxy', () => {
  it('begins with the server where the server speaks first', async () => {
    const port = await ground.listen(createServer((socket) => socket.write('220 ready')));
    const proxy = await ground.proxy({ entries: [`localhost:${port}`] });
    const socket = await tunnelTo(proxy, `localhost:${port}`);
    const [greeting] = await once(socket, 'data');
    expect(String(greeting)).toBe('220 ready');
  });

  it.each([
    ['localhost', 'localhost', false],
    ['127.0.0.1', undefined, false],
    ['localhost', 'another.example', true],
    ['localhost', undefined, true],
    ['127.0.0.1', 'localhost', true],
  ])('to %s may name the TLS server %s: refused is %s', async (host, servername, isRefused) => {
    const hello = await helloFor(servername);
    const { port, sockets } = await echoServer();
    const entry = `${host}:${port}`;
    const proxy = await ground.proxy({ entries: [entry] });
    const socket = await tunnelTo(proxy, entry);
    for (const byte of hello) await new Promise((done) => socket.write(Buffer.from([byte]), done));
    const [answer] = await once(socket, 'data');
    expect(answer).toEqual(isRefused ? unrecognizedName : hello.subarray(0, answer.length));
    if (!isRefused) return;
    expect(ground.refusals).toMatchObject([{ code: 'SANDBOX_EGRESS_NAME_MISMATCH', entry }]);
    expect(sockets[0]?.bytesRead).toBe(0);
  });

  it('is looked into also where TLS begins in the middle, as with PostgreSQL', async () => {
    const hello = await helloFor('another.example');
    const { port } = await echoServer();
    const proxy = await ground.proxy({ entries: [`localhost:${port}`] });
    const socket = await tunnelTo(proxy, `localhost:${port}`);
    socket.write(wantsTls.subarray(0, 3));
    socket.write(wantsTls.subarray(3));
    expect((await once(socket, 'data'))[0]).toEqual(wantsTls);
    socket.write(hello);
    expect((await once(socket, 'data'))[0]).toEqual(unrecognizedName);
  });

  it('ends when a hello is broken, or its end does not come', async () => {
    const { port } = await echoServer();
    const proxy = await ground.proxy({ entries: [`localhost:${port}`], limits: { helloMs: 50 } });
    for (const bytes of ['160301000502000001', '1603']) {
      const socket = await tunnelTo(proxy, `localhost:${port}`);
      socket.write(Buffer.from(bytes, 'hex'));
      expect((await once(socket, 'data'))[0]).toEqual(unrecognizedName);
    }
    expect(ground.refusals.map(({ code }) => code)).toEqual([
      'SANDBOX_EGRESS_TLS_UNREADABLE',
      'SANDBOX_EGRESS_TLS_UNREADABLE',
    ]);
  });

  it('ends on one side when the other has left', async () => {
    const { port, sockets } = await echoServer();
    const proxy = await ground.proxy({ entries: [`127.0.0.1:${port}`] });
    const left = await tunnelTo(proxy, `127.0.0.1:${port}`);
    const gone = once(sockets[0]!, 'end');
    left.destroy();
    await gone;
    const stays = await tunnelTo(proxy, `127.0.0.1:${port}`);
    const ended = once(stays, 'end');
    stays.resume();
    sockets[1]!.resetAndDestroy();
    await ended;
  });

  it('does not wait for ever for the second side', async () => {
    const port = await ground.listen(createServer({ allowHalfOpen: true }, (socket) => socket.resume()));
    const proxy = await ground.proxy({ entries: [`127.0.0.1:${port}`], limits: { halfClosedIdleMs: 50 } });
    const socket = await tunnelTo(proxy, `127.0.0.1:${port}`);
    socket.end();
    await once(socket.resume(), 'end');
    await vi.waitUntil(() => proxy.counts.open === 0);
  });

  it('is as slow as its reader', async () => {
    const total = 64_000_000;
    const port = await ground.listen(createServer((socket) => socket.end(Buffer.alloc(total))));
    const proxy = await ground.proxy({ entries: [`127.0.0.1:${port}`] });
    const socket = await tunnelTo(proxy, `127.0.0.1:${port}`);
    let before = -1;
    await vi.waitUntil(() => before === (before = proxy.counts.receivedBytes), { interval: 100, timeout: 5000 });
    expect(before).toBeLessThan(total / 2);
    let rest = 0;
    socket.on('data', (chunk) => (rest += chunk.length)).end();
    await once(socket, 'end');
    expect(rest).toBe(total);
  });
});
