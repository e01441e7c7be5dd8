import { describe, expect, it } from 'vitest';
import { HotHeaders } from './headers.ts';

describe('HotHeaders', () => {
  const arrived = ['Host', 'a.test', 'Accept', 'text/html', 'ACCEPT', 'text/plain', 'Cookie', 'a=1', 'cookie', 'b=2'];

  it('finds a field of the raw list whatever its case', () => {
    const headers = HotHeaders.fromRaw(arrived);
    expect(headers.get('HOST')).toBe('a.test');
    expect(headers.has('host')).toBe(true);
    expect(headers.get('x-none')).toBeNull();
  });

  it('joins repeated fields with a comma, and cookies with a semicolon', () => {
    const headers = HotHeaders.fromRaw(arrived);
    expect(headers.get('accept')).toBe('text/html, text/plain');
    expect(headers.get('cookie')).toBe('a=1; b=2');
  });

  it('keeps cookies that are set apart from each other', () => {
    const headers = new HotHeaders([
      ['set-cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
    ]);
    expect(headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect([...headers]).toEqual([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ]);
  });

  it('lists fields sorted, in lower case and joined, like the native class', () => {
    const init: [string, string][] = [
      ['B', '2'],
      ['a', '1'],
      ['b', '3'],
    ];
    expect([...new HotHeaders(init)]).toEqual([...new Headers(init)]);
    expect([...new HotHeaders(init).keys()]).toEqual(['a', 'b']);
    expect([...new HotHeaders(init).values()]).toEqual(['1', '2, 3']);
  });

  it('changes a copy and leaves the list of the host alone', () => {
    const headers = HotHeaders.fromRaw(arrived);
    headers.set('Accept', 'image/png');
    headers.delete('cookie');
    headers.append('x-new', ' trimmed ');
    expect(headers.get('accept')).toBe('image/png');
    expect(headers.get('cookie')).toBeNull();
    expect(headers.get('x-new')).toBe('trimmed');
    expect(arrived).toHaveLength(10);
  });

  it.each(['bad name', 'a:b', '', 'a\r\nb'])('refuses %j as a name', (name) => {
    expect(() => new HotHeaders().set(name, 'x')).toThrow(TypeError);
  });

  it.each(['a\r\nb: c', 'a\0b', 'a\nb', '\u0100'])('refuses %j as a value', (value) => {
    expect(() => new HotHeaders().set('x', value)).toThrow(TypeError);
  });

  it('knows native headers and its own as instances, and nothing else', () => {
    expect(new Headers()).toBeInstanceOf(HotHeaders);
    expect(new HotHeaders()).toBeInstanceOf(HotHeaders);
    expect({}).not.toBeInstanceOf(HotHeaders);
    expect(null).not.toBeInstanceOf(HotHeaders);
  });

  it('is accepted where the global type is expected, and by native classes', () => {
    const typed: Headers = new HotHeaders({ a: '1' });
    expect(new Headers([...typed]).get('a')).toBe('1');
    expect(new HotHeaders(new Headers({ b: '2' })).get('b')).toBe('2');
  });
});
