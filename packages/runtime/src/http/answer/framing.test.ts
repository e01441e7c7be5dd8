import { describe, expect, it } from 'vitest';
import { HotResponse } from '@hotswap/protocol/http';
import { closing, partsOf, serveEdge } from '../testing/edge-server.ts';

const ask = `GET / HTTP/1.1\r\n${closing}`;

describe('the host owns the framing of answers', () => {
  it('drops what a plugin says about connection and transfer', async () => {
    const headers = {
      Connection: 'upgrade',
      'Keep-Alive': 'timeout=99',
      'Transfer-Encoding': 'chunked',
      Upgrade: 'x',
      Trailer: 'x',
      TE: 'x',
      'Proxy-Authenticate': 'x',
      'proxy-anything': 'x',
      'X-Kept': 'yes',
    };
    await using edge = await serveEdge(() => new HotResponse('hello', { headers }));
    const text = await edge.send(ask);
    expect(text).not.toMatch(/upgrade|timeout=99|chunked|trailer|\bte:|proxy-/i);
    expect(text).toMatch(/X-Kept: yes[^]*content-length: 5[^]*\r\n\r\nhello$/);
  });

  it.each([
    ['a line break in a value', { x: 'a\r\n\r\nHTTP/1.1 200 OK\r\n\r\nforged' }],
    ['a line break in a name', { 'x\r\nforged': 'a' }],
    ['a space in a name', { 'content-length ': '0' }],
    ['a character past latin-1', { x: '\u0100' }],
  ])('answers 502 for %s', async (_, headers) => {
    await using edge = await serveEdge(() => new HotResponse('hello', { headers }));
    const text = await edge.send(ask);
    expect(text).toMatch(/^HTTP\/1.1 502 [^]*RESPONSE_HEADER_INVALID/);
    expect(text).not.toContain('forged\r\n');
    expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it('answers 502 for a line break in the status text', async () => {
    await using edge = await serveEdge(() => new HotResponse('hello', { statusText: 'OK\r\n\r\nforged' }));
    const text = await edge.send(ask);
    expect(text).toMatch(/^HTTP\/1.1 502 Bad Gateway\r\n[^]*RESPONSE_HEADER_INVALID/);
    expect(text).not.toContain('forged');
  });

  it.each([100, 101, 103])('answers 502 when a plugin answers %i', async (status) => {
    await using edge = await serveEdge(() => new HotResponse(null, { status }));
    expect(await edge.send(ask)).toMatch(/^HTTP\/1.1 502 [^]*RESPONSE_STATUS_INVALID/);
  });

  it.each(['3', '99', '-1', 'x'])('answers 502 when text of 5 bytes declares content-length %s', async (declared) => {
    await using edge = await serveEdge(() => new HotResponse('hello', { headers: { 'content-length': declared } }));
    expect(await edge.send(ask)).toMatch(/^HTTP\/1.1 502 [^]*RESPONSE_LENGTH_MISMATCH/);
  });

  it('cuts a stream that is longer than declared, and the connection with it', async () => {
    const forged = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
    await using edge = await serveEdge(
      () => new HotResponse(partsOf('hel', `lo${forged}`), { headers: { 'content-length': '5' } }),
    );
    const client = await edge.open();
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await client.rest()).split('\r\n\r\n')[1]).toMatch(/^hello/);
    expect(client.received.match(/content-length: 0/g)).toBeNull();
  });

  it('destroys the connection of a stream that is shorter than declared', async () => {
    await using edge = await serveEdge(() => new HotResponse(partsOf('hel'), { headers: { 'content-length': '5' } }));
    const client = await edge.open();
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await client.rest()).split('\r\n\r\n')[1]).not.toHaveLength(5);
    expect(edge.ledger.closed).toBe(1);
  });

  it('answers 502 when the same answer is sent twice', async () => {
    const kept = new HotResponse('once');
    await using edge = await serveEdge(() => kept);
    expect(await edge.send(ask)).toContain('once');
    expect(await edge.send(ask)).toMatch(/^HTTP\/1.1 502 [^]*RESPONSE_BODY_USED/);
  });

  it('keeps each cookie in a field of its own', async () => {
    await using edge = await serveEdge(() => {
      const response = new HotResponse('a');
      response.headers.append('set-cookie', 'a=1');
      response.headers.append('set-cookie', 'b=2');
      return response;
    });
    expect(await edge.send(ask)).toMatch(/set-cookie: a=1\r\nset-cookie: b=2\r\n/);
  });

  it('makes answers harmless to management pages on the same origin', async () => {
    const headers = { 'Set-Cookie': 'a=1', 'Service-Worker-Allowed': '/', 'Content-Security-Policy': 'none' };
    await using edge = await serveEdge(() => new HotResponse('a', { headers }), { isSharedOrigin: true });
    const text = await edge.send(ask);
    expect(text).toContain('content-security-policy: sandbox');
    expect(text).not.toMatch(/cookie|service-worker|none/i);
  });
});
