import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { untouchedSource } from './body.ts';
import type { BodySource } from './body.ts';
import { HotRequest } from './request.ts';
import type { RequestSource } from './request.ts';
import { HotResponse } from './response.ts';

interface Counted extends BodySource {
  opened: number;
}

function bodyOf(text: string): Counted {
  return {
    opened: 0,
    length: undefined,
    bytes() {
      this.opened++;
      return Promise.resolve(Buffer.from(text));
    },
    async *chunks() {
      this.opened++;
      yield Buffer.from(text);
    },
  };
}

function sourceOf(body?: BodySource): RequestSource {
  return {
    method: 'POST',
    origin: 'http://a.test',
    target: '/p?q=1',
    rawHeaders: ['Content-Type', 'application/json'],
    body,
    requestId: 'r-1',
    remoteAddress: '127.0.0.1',
    signal: AbortSignal.abort('left'),
    limitBody: () => undefined,
  };
}

describe('HotRequest', () => {
  it('shows what its source holds', async () => {
    const request = new HotRequest(sourceOf(bodyOf('\uFEFF{"a":1}')));
    expect([request.method, request.url, request.target]).toEqual(['POST', 'http://a.test/p?q=1', '/p?q=1']);
    expect(request.headers.get('content-type')).toBe('application/json');
    expect(request.signal.aborted).toBe(true);
    expect(await request.json()).toEqual({ a: 1 });
    expect(request.bodyUsed).toBe(true);
    await expect(request.text()).rejects.toThrow(TypeError);
  });

  it('opens the body only when somebody reads it', async () => {
    const body = bodyOf('abc');
    const request = new HotRequest(sourceOf(body));
    const { body: stream } = request;
    expect(stream).toBe(request.body);
    expect(body.opened).toBe(0);
    expect(await new Response(stream).text()).toBe('abc');
    expect(body.opened).toBe(1);
    expect(request.bodyUsed).toBe(true);
  });

  it('hands an unread body on by reference, through new requests and into an answer', () => {
    const body = bodyOf('abc');
    const changed = new HotRequest(new HotRequest(sourceOf(body)), { headers: { 'x-added': '1' } });
    expect(changed.headers.get('x-added')).toBe('1');
    expect(changed.source?.requestId).toBe('r-1');
    expect(untouchedSource(new HotResponse(changed.body).take())).toBe(body);
    expect(body.opened).toBe(0);
  });

  it('forgets the source of a stream once it was read', async () => {
    const request = new HotRequest(sourceOf(bodyOf('abc')));
    const { body } = request;
    await body?.getReader().read();
    expect(untouchedSource(body)).toBeUndefined();
  });

  it('takes the body out of the request it was made from', async () => {
    const first = new HotRequest(sourceOf(bodyOf('abc')));
    const second = new HotRequest(first);
    expect(first.bodyUsed).toBe(true);
    expect(await second.text()).toBe('abc');
    expect(() => new HotRequest(first)).toThrow(TypeError);
  });

  it('clones an unread body', async () => {
    const request = new HotRequest(sourceOf(bodyOf('abc')));
    const copy = request.clone();
    expect([await request.text(), await copy.text(), copy.url]).toEqual(['abc', 'abc', request.url]);
  });

  it('is made from an address and from native requests too', async () => {
    const made = new HotRequest('http://b.test/x', { method: 'post', body: 'hi' });
    expect([made.method, made.target, made.headers.get('content-type')]).toEqual([
      'POST',
      '/x',
      'text/plain;charset=UTF-8',
    ]);
    const native = new Request('http://c.test/y', { method: 'PUT', body: 'native' });
    expect(native).toBeInstanceOf(HotRequest);
    expect(await HotRequest.from(native).text()).toBe('native');
    expect(native.bodyUsed).toBe(true);
  });

  it('carries TRACE and a GET with a body, which native requests refuse', async () => {
    expect(new HotRequest('http://a.test/', { method: 'TRACE' }).method).toBe('TRACE');
    expect(await new HotRequest('http://a.test/', { body: 'q' }).text()).toBe('q');
    expect(() => new HotRequest('http://a.test/', { method: 'A B' })).toThrow(TypeError);
  });

  it('can stand where the global type is expected', () => {
    const typed: Request = new HotRequest('http://a.test/');
    expect(typed.url).toBe('http://a.test/');
  });
});

describe('HotRequest beside the Request of the platform', () => {
  const url = 'http://a.test/p';
  const both = (init: { readonly body: string | FormData; readonly headers?: Record<string, string> }) =>
    [new HotRequest(url, { ...init, method: 'POST' }), new Request(url, { ...init, method: 'POST' })] as const;

  it('reads its body as bytes, buffer, blob and stream', async () => {
    const body = { body: 'héllo', headers: { 'content-type': 'text/markdown' } };
    for (const request of both(body)) expect(Buffer.from(await request.bytes()).toString()).toBe('héllo');
    for (const request of both(body)) expect((await request.arrayBuffer()).byteLength).toBe(6);
    for (const request of both(body)) expect(await request.blob()).toMatchObject({ type: 'text/markdown', size: 6 });
    for (const request of both(body)) expect(await text(request.body!)).toBe('héllo');
  });

  it('reads and writes forms, with the boundary of its own making', async () => {
    const form = new FormData();
    form.append('name', 'ada');
    form.append('file', new Blob(['x']), 'x.txt');
    for (const request of both({ body: form })) {
      expect(request.headers.get('content-type')).toMatch(/^multipart\/form-data; boundary=/);
      const read = await request.formData();
      expect([read.get('name'), (read.get('file') as File).name]).toEqual(['ada', 'x.txt']);
    }
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    for (const request of both({ body: 'a=1&a=2', headers }))
      expect((await request.formData()).getAll('a')).toEqual(['1', '2']);
  });

  it('gives the same fixed answers for what only browsers decide', () => {
    const [ours, native] = both({ body: '' });
    const names = ['cache', 'credentials', 'destination', 'integrity', 'keepalive', 'redirect', 'referrer'] as const;
    for (const name of [...names, 'referrerPolicy', 'duplex', 'mode'] as const) expect(ours[name]).toBe(native[name]);
    expect(Object.prototype.toString.call(ours)).toBe('[object Request]');
  });

  it('refuses to take over a body that was read', async () => {
    const native = new Request(url, { method: 'POST', body: 'x' });
    await native.text();
    expect(() => HotRequest.from(native)).toThrow(TypeError);
  });
});
