import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { HotResponse } from './response.ts';

async function* parts(...texts: string[]): AsyncGenerator<string> {
  yield* texts;
}

describe('HotResponse', () => {
  it('reads as text, JSON, bytes, blob and form', async () => {
    expect(await new HotResponse('é').text()).toBe('é');
    expect(await HotResponse.json({ a: 1 }).json()).toEqual({ a: 1 });
    expect([...(await new HotResponse(new Uint8Array([1, 2])).bytes())]).toEqual([1, 2]);
    expect((await new HotResponse('abc').arrayBuffer()).byteLength).toBe(3);
    expect(await (await new HotResponse('abc').blob()).text()).toBe('abc');
    const form = new FormData();
    form.set('a', 'b');
    expect((await new HotResponse(form).formData()).get('a')).toBe('b');
    expect(await new HotResponse(new URLSearchParams({ a: 'b c' })).text()).toBe('a=b+c');
  });

  it('streams a body of any kind as a web stream', async () => {
    expect(await new Response(new HotResponse(parts('a', 'b')).body).text()).toBe('ab');
    expect(await new Response(new HotResponse('text').body).text()).toBe('text');
    expect(new HotResponse(null).body).toBeNull();
  });

  it('gives text a content type, unless the author gave one', () => {
    expect(new HotResponse('a').headers.get('content-type')).toBe('text/plain;charset=UTF-8');
    expect(new HotResponse('a', { headers: { 'Content-Type': 'text/html' } }).headers.get('content-type')).toBe(
      'text/html',
    );
    expect(HotResponse.json(1).headerList()).toEqual(['content-type', 'application/json']);
  });

  it('can be read once', async () => {
    const response = new HotResponse('a');
    await response.text();
    expect(response.bodyUsed).toBe(true);
    await expect(response.text()).rejects.toThrow(TypeError);
    expect(() => response.take()).toThrow(TypeError);
  });

  it('clones text and streams', async () => {
    const text = new HotResponse('a', { status: 201 });
    const copy = text.clone();
    expect([await text.text(), await copy.text(), copy.status]).toEqual(['a', 'a', 201]);
    const streamed = new HotResponse(new Response('b').body);
    const other = streamed.clone();
    expect([await streamed.text(), await other.text()]).toEqual(['b', 'b']);
  });

  it('leaves header fields unchecked until somebody looks', () => {
    const response = new HotResponse('a', { headers: { 'bad name': 'x' } });
    expect(() => response.headers).toThrow(TypeError);
  });

  it('knows native answers as instances and wraps them without reading the body', async () => {
    const native = new Response('a', {
      status: 203,
      headers: [
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ],
    });
    expect(native).toBeInstanceOf(HotResponse);
    const ours = HotResponse.from(native);
    expect(ours.status).toBe(203);
    expect(ours.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await ours.text()).toBe('a');
    expect(HotResponse.from(ours)).toBe(ours);
    expect({ status: 200 }).not.toBeInstanceOf(HotResponse);
  });

  it('tells instances of a subclass from others', () => {
    class Special extends HotResponse {}
    expect(new HotResponse()).not.toBeInstanceOf(Special);
    expect(new Special()).toBeInstanceOf(HotResponse);
  });

  it('redirects, and refuses statuses that are none', () => {
    expect(HotResponse.redirect('http://a.test/x', 303).headers.get('location')).toBe('http://a.test/x');
    expect(() => HotResponse.redirect('/x', 200)).toThrow(RangeError);
    expect(() => new HotResponse('', { status: 99 })).toThrow(RangeError);
    expect(new HotResponse(null, { status: 101 }).status).toBe(101);
    expect(HotResponse.error().type).toBe('error');
  });

  it('can stand where the global type is expected', () => {
    const typed: Response = new HotResponse('a');
    expect(typed.ok).toBe(true);
  });

  it('loads neither fetch nor web streams while only text and headers are used', async () => {
    const program = `
      const { HotResponse, HotRequest } = await import(${JSON.stringify(new URL('index.ts', import.meta.url).href)});
      const source = { method: 'GET', origin: 'http://a', target: '/', rawHeaders: ['a', 'b'], requestId: '1' };
      const request = new HotRequest(source);
      new HotResponse(request.url + request.headers.get('a'), { headers: { x: 'y' } }).headerList();
      console.log(process.moduleLoadList.filter((name) => /undici|NativeModule internal.webstreams.readablestream/.test(name)).join());`;
    const args = ['--conditions=@hotswap/source', '--input-type=module', '-e', program];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(stdout.trim()).toBe('');
  });
});
