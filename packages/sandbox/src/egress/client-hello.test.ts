import { once } from 'node:events';
import { createServer } from 'node:net';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readClientHello } from './client-hello.ts';
import { ProxyGround } from './fixtures/proxy-ground.ts';

const vector = (lengthBytes: number, content: Buffer): Buffer => {
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntBE(content.length, 0, lengthBytes);
  return Buffer.concat([length, content]);
};
const extension = (type: number, content: Buffer): Buffer =>
  Buffer.concat([Buffer.from([type >> 8, type & 255]), vector(2, content)]);
const nameOf = (name: string): Buffer =>
  extension(0, vector(2, Buffer.concat([Buffer.from([0]), vector(2, Buffer.from(name))])));

function handshake(extensions: readonly Buffer[]): Buffer {
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    vector(1, Buffer.alloc(32, 1)),
    vector(2, Buffer.from([0x13, 0x01])),
    vector(1, Buffer.from([0])),
    vector(2, Buffer.concat(extensions)),
  ]);
  return Buffer.concat([Buffer.from([1]), vector(3, body)]);
}

/** Cut into records of at most so many bytes. */
function inRecords(message: Buffer, size = 16_384): Buffer {
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    records.push(Buffer.from([22, 3, 1]), vector(2, message.subarray(at, at + size)));
  }
  return Buffer.concat(records);
}

const otherExtensions = fc.array(
  fc
    .tuple(
      fc.integer({ min: 1, max: 65_535 }).filter((type) => type !== 0xfe_0d),
      fc.uint8Array({ maxLength: 60 }),
    )
    .map(([type, content]) => extension(type, Buffer.from(content))),
  { maxLength: 5 },
);

describe("a client's hello", () => {
  it('tells the server name that Node sends', async () => {
    const ground = new ProxyGround();
    const server = createServer();
    const port = await ground.listen(server);
    const client = connect({ port, host: '127.0.0.1', servername: 'API.Example.com' }).on('error', () => {});
    const [socket] = await once(server, 'connection');
    const [bytes] = await once(socket, 'data');
    client.destroy();
    await ground.close();
    expect(readClientHello(bytes)).toEqual({ kind: 'hello', serverName: 'api.example.com' });
  });

  it('is found wherever records and other extensions lie, and is unfinished before its last byte', () => {
    const hosts = fc.domain();
    fc.assert(
      fc.property(
        hosts,
        otherExtensions,
        otherExtensions,
        fc.integer({ min: 1, max: 300 }),
        (host, before, after, size) => {
          const message = handshake([...before, nameOf(host), ...after]);
          const bytes = inRecords(message, size);
          expect(readClientHello(bytes)).toEqual({ kind: 'hello', serverName: host.toLowerCase() });
          expect(readClientHello(Buffer.concat([bytes, Buffer.from('more')]))).toMatchObject({ kind: 'hello' });
          for (const length of [0, 1, 2, 5, size, bytes.length - 1]) {
            if (length < bytes.length) expect(readClientHello(bytes.subarray(0, length)).kind).toBe('unfinished');
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('never is garbage, and garbage never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (noise, dressed) => {
        const bytes = Buffer.from(noise);
        const reading = readClientHello(
          dressed ? inRecords(Buffer.concat([Buffer.from([1]), vector(3, bytes)]), 50) : bytes,
        );
        expect(['unfinished', 'plain', 'broken', 'hello']).toContain(reading.kind);
      }),
      { numRuns: 500 },
    );
  });

  it('survives any one byte of it being another', () => {
    const bytes = inRecords(handshake([nameOf('listed.example')]));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, value) => {
        const bent = Buffer.from(bytes);
        bent[at] = value;
        expect(() => readClientHello(bent)).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });

  it('names nobody where it has no such extension', () => {
    expect(readClientHello(inRecords(handshake([])))).toEqual({ kind: 'hello', serverName: undefined });
  });

  it.each([
    ['two names', inRecords(handshake([nameOf('a.example'), nameOf('b.example')]))],
    ['an encrypted name', inRecords(handshake([nameOf('a.example'), extension(0xfe_0d, Buffer.alloc(8))]))],
    ['a name that is none', inRecords(handshake([nameOf('a.example\0.b.example')]))],
    ['another message first', inRecords(Buffer.from([2, 0, 0, 1, 0]))],
    ['an alert in the middle', Buffer.concat([inRecords(Buffer.from([1, 0])), Buffer.from('15030100020100', 'hex')])],
    ['an empty record', Buffer.from('1603010000', 'hex')],
    ['a length beyond all measure', inRecords(Buffer.from([1, 255, 255, 255]))],
    ['a record beyond all measure', Buffer.from('160301ffff', 'hex')],
  ])('is refused with %s', (_, bytes) => {
    expect(readClientHello(bytes)).toMatchObject({ kind: 'broken', reason: expect.any(String) });
  });

  it.each(['GET / HTTP/1.1\r\n', '\0\0\0', '\x16\0\0\x01'])('is not what begins with %j', (text) => {
    expect(readClientHello(Buffer.from(text, 'latin1'))).toEqual({ kind: 'plain' });
  });
});
