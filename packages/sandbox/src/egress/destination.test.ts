import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { longestHead, readConnectHead } from './connect-head.ts';
import { entryFor, isListed, readEntry } from './destination.ts';

describe('an entry', () => {
  it.each([
    ['API.example.com:443', { host: 'api.example.com', port: 443 }],
    ['127.0.0.1:80', { host: '127.0.0.1', port: 80 }],
    ['[0:0:0::1]:80', { host: '::1', port: 80 }],
    ['my_db:5432', { host: 'my_db', port: 5432 }],
  ])('%s is a destination', (text, destination) => {
    expect(readEntry(text)).toEqual(destination);
  });

  it.each([
    'example.com',
    'example.com:0',
    'example.com:65536',
    ':80',
    '*.example.com:443',
    '::1:80',
    '[:::1]:80',
    'a b:80',
    'http://a:80',
    'a:80/x',
    'a:80:80',
    '',
  ])('%j is none', (text) => {
    expect(readEntry(text)).toBeUndefined();
  });

  it('is written as it is read', () => {
    const hosts = fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map((address) => `[${address}]`),
    );
    fc.assert(
      fc.property(hosts, fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        const destination = readEntry(`${host}:${port}`);
        expect(destination).toBeDefined();
        expect(readEntry(entryFor(destination!))).toEqual(destination);
        expect(isListed(destination!, [`${host.toUpperCase()}:${port}`])).toBe(true);
        expect(isListed({ ...destination!, port: (port % 65_535) + 1 }, [`${host}:${port}`])).toBe(false);
      }),
    );
  });
});

describe('the head of a CONNECT', () => {
  const head = 'CONNECT a.example:443 HTTP/1.1\r\nhost: other.example\r\n\r\n';

  it('is read whole, by its first line alone', () => {
    const bytes = Buffer.from(`${head}\x16\x03`, 'latin1');
    const destination = { host: 'a.example', port: 443 };
    expect(readConnectHead(bytes)).toEqual({ kind: 'connect', destination, length: head.length });
    for (let length = 0; length < head.length; length++) {
      expect(readConnectHead(bytes.subarray(0, length))).toEqual({ kind: 'unfinished' });
    }
  });

  it.each([
    'GET / HTTP/1.1\r\n\r\n',
    'CONNECT a.example HTTP/1.1\r\n\r\n',
    'CONNECT a:1 b:2 HTTP/1.1\r\n\r\n',
    '\r\n\r\n',
  ])('is not %j', (text) => {
    expect(readConnectHead(Buffer.from(text))).toEqual({ kind: 'broken' });
  });

  it('has a longest size', () => {
    expect(readConnectHead(Buffer.alloc(longestHead - 1, 'a'))).toEqual({ kind: 'unfinished' });
    expect(readConnectHead(Buffer.alloc(longestHead, 'a'))).toEqual({ kind: 'broken' });
  });

  it('never throws at garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        expect(() =>
          readConnectHead(Buffer.concat([Buffer.from('CONNECT '), noise, Buffer.from('\r\n\r\n')])),
        ).not.toThrow();
      }),
    );
  });
});
